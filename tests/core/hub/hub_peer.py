"""huggingface_hub's side of hub_peer_test: hub_peer.py look CACHE | download HUB CACHE [few] | patterns"""

import json
import os
import sys


def look(cache):
    """What it sees of a cache, without the network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download
    path = snapshot_download("facet/tiny", cache_dir=cache, local_files_only=True)
    scan = scan_cache_dir(cache)
    [repo] = scan.repos
    [revision] = repo.revisions
    print(json.dumps({
        "path": path, "weights": hf_hub_download("facet/tiny", "model.safetensors", cache_dir=cache),
        "warnings": [str(w) for w in scan.warnings], "id": repo.repo_id, "commit": revision.commit_hash,
        "refs": sorted(revision.refs), "files": sorted(os.path.relpath(f.file_path, path) for f in revision.files)}))


def download(hub, cache, few=None):
    os.environ.update(HF_ENDPOINT=hub, HF_HUB_OFFLINE="0", HF_HUB_DISABLE_XET="1")
    from huggingface_hub import snapshot_download
    print(snapshot_download("facet/tiny", cache_dir=cache, token=False, ignore_patterns=["*.bin", "onnx/*"] if few else None))


def patterns():
    """Which names its patterns match."""
    from huggingface_hub.utils import filter_repo_objects
    names = ["a.json", "sub/a.json", "sub/b.txt", "[x].json", "x.json", "sub/deep/c.json", "A.JSON"]
    patterns = ["*.json", "sub/", "sub/*", "[!a].json", "?.json", "sub", "*/a.json", "[[]x].json"]
    print(json.dumps([[p, list(filter_repo_objects(names, allow_patterns=[p])), names] for p in patterns]))


{"look": look, "download": download, "patterns": patterns}[sys.argv[1]](*sys.argv[2:])
