#!/usr/bin/env bash
# clean-fid 0.1.35, cleanfid.downloads_helper.check_download_url (fid.compute_fid with a dataset_name).
#
# What a careful expert would guess: a download that is cut short raises, or is fetched again by the next call.
#
# What happens: neither. urllib's response, read piece by piece, ends without an error where the connection does,
# so the function returns the path of half a file as if all were well. The file stands under its final name in
# clean-fid's own folder (site-packages/cleanfid/stats), and every later call takes it for the whole one: with a
# perfect network, FID against that data set raises "File is not a zip file" until somebody finds and removes it.
#
# Who is hurt: whoever computes FID on a cluster with a flaky proxy. The error names neither the file nor the
# download, and a new environment made from the same cache of packages does not mend what a shared one holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps clean-fid==0.1.35
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check requests numpy
"$folder/venv/bin/python" - "$folder/stats" <<'PYTHON'
import io
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import numpy
from cleanfid.downloads_helper import check_download_url

print("python", sys.version.split()[0], "clean-fid", version("clean-fid"))
whole = io.BytesIO()
numpy.savez(whole, mu=numpy.zeros(64), sigma=numpy.eye(64))
content = whole.getvalue()
asked = []


class Handler(BaseHTTPRequestHandler):
    """Ends the first answer half way, and serves the file whole from then on."""

    def do_GET(self):
        asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if len(asked) == 1 else content)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/cifar10_clean_train_32.npz"
outcomes = []
for call in (1, 2):
    path = check_download_url(sys.argv[1], url)
    try:
        numpy.load(path)["mu"]
        outcomes.append("read")
    except Exception as error:
        outcomes.append(f"{type(error).__name__}: {error}")
    print(f"call {call}: no error from the download, then {outcomes[-1]}; {len(asked)} requests")
as_seen = outcomes[0] == outcomes[1] != "read" and len(asked) == 1
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
