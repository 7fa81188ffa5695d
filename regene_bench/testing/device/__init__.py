"""Does a plugin keep to the device it is given? It is tried on a pretended one, without a GPU.

The check itself (``check``) sends a plugin to a process of its own (``process``, ``worker``), where
torch has a pretended accelerator (``pretended``): that cannot be undone, and it is never installed
in the process of a run. There the plugin is used as the harness would use it (``looks``), while
somebody keeps account of where it waits (``watch``).
"""
