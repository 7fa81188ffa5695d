#!/usr/bin/env bash
# diffusers 0.42.1, DiTPipeline: class-conditional diffusion transformers.
#
# A careful expert would guess that guidance takes the class that the transformer keeps for "no class": the row behind
# the classes in its table of embeddings, whose number is num_embeds_ada_norm. The transformer's own layer drops labels
# to that row in training.
#
# The pipeline always takes class 1000, ImageNet's number of classes, whatever the transformer has. Of a transformer
# with more classes (here 2,000) it is guided away from the real class 1000, in silence, and guidance is on by default
# (4.0). Of one with fewer it ends in an IndexError unless guidance is turned off. And the names of the classes that
# it was made with (id2label) are not saved: what was pipeline.labels is empty after save_pretrained and from_pretrained.
#
# Hurt: who trains a DiT on other classes than ImageNet's thousand and reports samples or FID of the saved pipeline.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet diffusers==0.42.1 torch==2.14.1 numpy==2.4.6 safetensors
FOLDER="$folder/model" "$folder/venv/bin/python" -W ignore - <<'PYTHON' 2> /dev/null
import importlib.metadata
import os
import sys

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DiTPipeline, DiTTransformer2DModel

for name in ("diffusers", "torch"):
    print(name, importlib.metadata.version(name))

CLASSES = 2000
torch.manual_seed(0)
transformer = DiTTransformer2DModel(
    num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=1, sample_size=4,
    num_embeds_ada_norm=CLASSES, norm_num_groups=4,
)
vae = AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4, sample_size=4)
made = DiTPipeline(transformer, vae, DDIMScheduler(), id2label={0: "moth, hawk moth", 1999: "newt"})
table = transformer.transformer_blocks[0].norm1.emb.class_embedder.embedding_table
print("rows of the transformer's table of classes:", len(table.weight), "for", CLASSES, "classes and none")

asked = []
table.register_forward_hook(lambda layer, given, out: asked.append(given[0].tolist()))
made.set_progress_bar_config(disable=True)
made(class_labels=[7], num_inference_steps=1, output_type="np")
with_class, for_none = asked[0]
print("asked for class 7 with the default guidance: embeddings of", asked[0])

few = DiTTransformer2DModel(
    num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=1, sample_size=4,
    num_embeds_ada_norm=10, norm_num_groups=4,
)
ten = DiTPipeline(few, vae, DDIMScheduler())
ten.set_progress_bar_config(disable=True)
try:
    ten(class_labels=[7], num_inference_steps=1, output_type="np")
    raised = False
except IndexError as error:
    raised = True
    print("of ten classes:", type(error).__name__, error)

made.save_pretrained(os.environ["FOLDER"])
kept = DiTPipeline.from_pretrained(os.environ["FOLDER"]).labels
print("labels as made:", made.labels)
print("labels after saving and loading:", kept)
holds = raised and with_class == 7 and for_none == 1000 and len(table.weight) == CLASSES + 1 and made.labels and not kept
sys.exit(0 if holds else 1)
PYTHON
