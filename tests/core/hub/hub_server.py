"""A Hugging Face hub of our own, with a storage host behind it and faults on order.

    hub_server.py MODELS.json

MODELS.json: {"org/name": {"folder": "...", "gated": false, "private": false, "renamed_to": "org/other"}}. Tokens: see TOKENS.
The hub is 127.0.0.1, its storage (the CDN) 127.0.0.2, each on a port of its own; the first line on stdout says which.
Then each line of JSON on stdin is a command, and each has a line as its answer:

    {"faults": [...]}  from now on these, and an empty log. A fault: {"on": "api" | "hub" | "cdn", "file": "name" (any if
                       absent), "times": 1 (-1: always), "do": one of the functions fault_*, and what that one reads}
    {"log": true}      the requests since then: on, method, path, file, headers (names in small letters), status, sent, time
    {"wait": seconds}  answers once a "hold" has sent its bytes, or says that it did not come to that
    {"release": true}  lets go of what "hold" holds

It ends when its stdin does. As the real hub answers it: huggingface_hub/utils/_http.py and file_download.py, which must be
able to download from it (tests/core/hub/hub_peer_test.cpp).
"""

import hashlib
import http.server
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse

TOKENS = {"hf_accepted": {"name": "anna", "accepted": True}, "hf_new": {"name": "bruno", "accepted": False}}
STORED_APART = (".safetensors", ".bin", ".model", ".gguf", "tokenizer.json")  # as LFS does it, behind a redirect
BRANCH, COMMIT = "main", "0123456789abcdef0123456789abcdef01234567"

models = json.load(open(sys.argv[1]))
lock = threading.Condition()
faults, log = [], []
holds = {"reached": 0, "released": False}


class File:
    def __init__(self, folder, name):
        self.name = name
        self.bytes = open(os.path.join(folder, name), "rb").read()
        self.size = len(self.bytes)
        self.oid = hashlib.sha1(b"blob %d\0" % self.size + self.bytes).hexdigest()
        self.sha256 = hashlib.sha256(self.bytes).hexdigest() if name.endswith(STORED_APART) else None
        self.etag = self.sha256 or self.oid


for model in models.values():
    folder = model.get("folder", "")
    names = [os.path.relpath(os.path.join(at, f), folder) for at, _, fs in os.walk(folder) for f in fs]
    model["files"] = {name: File(folder, name) for name in sorted(names)}
by_sha256 = {f.sha256: f for model in models.values() for f in model["files"].values() if f.sha256}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.handle_one("GET")

    def do_HEAD(self):
        self.handle_one("HEAD")

    def handle_one(self, method):
        url = urllib.parse.urlsplit(self.path)
        parts = [urllib.parse.unquote(p) for p in url.path.strip("/").split("/")]
        self.method = method
        self.entry = {"method": method, "path": self.path, "status": 0, "sent": 0, "time": time.monotonic(), "file": "",
                      "headers": {k.lower(): v for k, v in self.headers.items()}}
        with lock:
            log.append(self.entry)
        try:
            if self.server.is_storage:
                self.entry["on"] = "cdn"
                self.answer_storage(parts)
            elif parts[0] == "api":
                self.entry["on"] = "api"
                self.answer_api(parts)
            else:
                self.entry["on"] = "hub"
                self.answer_hub(parts)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    # --- who may see what -----------------------------------------------------------------------------------------------

    def account(self):
        return TOKENS.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def refuse(self, status, code="", message="", **headers):
        named = {"X-Error-Code": code, "X-Error-Message": message, **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.send(status, json.dumps({"error": message}).encode(), {k: str(v) for k, v in named.items() if v})

    def find(self, name, revision, gate):
        """The model, or None after a refusal."""
        if "Authorization" in self.headers and not self.account():
            return self.refuse(401, "", "Invalid credentials in Authorization header")
        model = models.get(name)
        if not model or (model.get("private") and not self.account()):
            return self.refuse(404 if self.account() else 401, "RepoNotFound", "Repository not found")
        if revision not in (BRANCH, COMMIT, "refs/pr/1"):
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if gate and model.get("gated"):
            if not self.account():
                return self.refuse(401, "GatedRepo", f"Access to model {name} is restricted. You must have access to it and be authenticated to access it. Please log in.")
            if not self.account()["accepted"]:
                return self.refuse(403, "GatedRepo", f"Access to model {name} is restricted and you are not in the authorized list.")
        return model

    # --- what there is --------------------------------------------------------------------------------------------------

    def answer_api(self, parts):
        if self.fault():
            return
        if parts[1] == "whoami-v2":
            if not self.account():
                return self.refuse(401, "", "Invalid credentials in Authorization header" if "Authorization" in self.headers else "Invalid username or password.")
            return self.send_json({"type": "user", "name": self.account()["name"]})
        name, kind = "/".join(parts[2:4]), parts[4] if len(parts) > 4 else "revision"
        renamed = models.get(name, {}).get("renamed_to")
        if renamed:
            return self.send(307, b"", {"Location": self.path.replace(name, renamed, 1)})
        model = self.find(name, "/".join(parts[5:]) or BRANCH, gate=False)
        if not model:
            return
        files = model["files"].values()
        if kind == "tree":
            return self.send_json([{"type": "file", "path": f.name, "size": f.size, "oid": f.oid,
                                    **({"lfs": {"oid": f.sha256, "size": f.size, "pointerSize": 130}} if f.sha256 else {})} for f in files])
        self.send_json({"id": name, "sha": COMMIT, "gated": model.get("gated", False), "private": False, "tags": [], "downloads": 0, "siblings": [
            {"rfilename": f.name, **({"size": f.size, "blobId": f.oid, **({"lfs": {"sha256": f.sha256, "size": f.size, "pointerSize": 130}} if f.sha256 else {})} if "blobs=" in self.path else {})}
            for f in files]})

    def answer_hub(self, parts):
        name, revision, file = "/".join(parts[:2]), parts[3] if len(parts) > 3 else "", "/".join(parts[4:])
        self.entry["file"] = file
        if self.fault(models.get(name, {}).get("files", {}).get(file)):
            return
        renamed = models.get(name, {}).get("renamed_to")
        if renamed:
            return self.send(307, b"", {"Location": self.path.replace(name, renamed, 1)})
        model = self.find(name, revision, gate=True)
        if not model:
            return
        found = model["files"].get(file)
        if not found:
            return self.refuse(404, "EntryNotFound", "Entry not found", X_Repo_Commit=COMMIT)
        if found.sha256:
            place = f"{self.server.storage}/{found.sha256}?file={urllib.parse.quote(file)}&Signature=secret{time.monotonic_ns()}"
            return self.send(302, b"Found", {"Location": place, "X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{found.etag}"', "X-Linked-Size": str(found.size)})
        self.send_file(found, {"ETag": f'"{found.etag}"', "X-Repo-Commit": COMMIT})

    def answer_storage(self, parts):
        found = by_sha256.get(parts[0])
        self.entry["file"] = found.name if found else ""
        if not found:
            return self.send(404, b"NoSuchKey", {})
        if not self.fault(found):
            self.send_file(found, {"ETag": '"of-the-storage-itself"'})

    # --- answers --------------------------------------------------------------------------------------------------------

    def begin(self, status, headers, length):
        self.entry["status"] = status
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def write(self, data):
        for at in range(0, len(data), 4096):
            self.wfile.write(data[at:at + 4096])
            self.entry["sent"] += len(data[at:at + 4096])

    def send(self, status, body, headers):
        self.begin(status, headers, len(body))
        if self.method == "GET":
            self.write(body)

    def send_json(self, value):
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def first(self):
        """Where the client wants to begin; 0 without a Range."""
        text = self.headers.get("Range", "")
        return int(text.removeprefix("bytes=").split("-")[0]) if text else 0

    def send_file(self, file, headers, data=None, stop_at=None):
        """The part that is asked for; of the whole file, only bytes before `stop_at`, and the promise of more."""
        data, first = file.bytes if data is None else data, self.first()
        if first and first >= len(data):
            return self.send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        if first:
            headers = {**headers, "Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}
        self.begin(206 if first else 200, headers, len(data) - first)
        if self.method == "GET":
            self.write(data[first:stop_at])

    def hang_up(self):
        """Closes with a reset, as a lost connection is seen."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    # --- faults ---------------------------------------------------------------------------------------------------------

    def fault(self, file=None):
        with lock:
            for fault in faults:
                if fault["on"] == self.entry["on"] and fault.get("file", self.entry["file"]) == self.entry["file"] and fault.setdefault("times", 1) != 0:
                    fault["times"] -= 1
                    break
            else:
                return False
        getattr(self, "fault_" + fault["do"])(fault, file)
        return True

    def fault_drop(self, fault, file):
        self.send_file(file, {}, stop_at=fault["at"])
        # What was sent must have arrived before the reset throws the rest away.
        time.sleep(fault.get("after", 0.05))
        self.hang_up()

    def fault_hang(self, fault, file):
        self.hang_up()

    def fault_end_early(self, fault, file):
        self.close_connection = True
        self.begin(200, {"Connection": "close"}, None)
        self.write(file.bytes[:fault["at"]])

    def fault_hold(self, fault, file):
        """Sends bytes before `at`, and the rest when it is released."""
        self.send_file(file, {}, stop_at=fault["at"])
        self.wfile.flush()
        with lock:
            holds["reached"] += 1
            lock.notify_all()
            lock.wait_for(lambda: holds["released"], timeout=60)
        self.write(file.bytes[max(fault["at"], self.first()):])

    def fault_wrong_range(self, fault, file):
        shift = fault.get("shift", 7)
        first = max(self.first() - shift, 0)
        self.begin(206, {"Content-Range": f"bytes {first}-{file.size - 1}/{file.size}"}, file.size - first)
        self.write(file.bytes[first:])

    def fault_wrong_total(self, fault, file):
        self.begin(206, {"Content-Range": f"bytes {self.first()}-{file.size}/{file.size + 1}"}, file.size + 1 - self.first())
        self.write(file.bytes[self.first():] + b"!")

    def fault_ignore_range(self, fault, file):
        self.begin(200, {}, file.size)
        self.write(file.bytes)

    def fault_longer(self, fault, file):
        self.close_connection = True
        self.begin(200, {"Connection": "close"}, None)
        self.write(file.bytes + b"and more")

    def fault_other_length(self, fault, file):
        self.begin(200, {}, file.size + 1)
        self.write(file.bytes + b"!")

    def fault_corrupt(self, fault, file):
        at = fault.get("at", file.size // 2)
        self.send_file(file, {}, data=file.bytes[:at] + bytes([file.bytes[at] ^ 1]) + file.bytes[at + 1:])

    def fault_status(self, fault, file):
        self.refuse(fault["status"], fault.get("code", ""), fault.get("message", ""), **fault.get("headers", {}))

    def fault_redirect(self, fault, file):
        self.send(302, b"", {"Location": fault["to"]})

    def fault_say(self, fault, file):
        self.send_json(fault["json"])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *args):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*args)


storage = Server(("127.0.0.2", 0), Handler)
storage.is_storage = True
hub = Server(("127.0.0.1", 0), Handler)
hub.is_storage, hub.storage = False, "http://127.0.0.2:%d" % storage.server_port
for server in (storage, hub):
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


def say(value):
    print(json.dumps(value), flush=True)


say({"hub": "http://127.0.0.1:%d" % hub.server_port, "cdn": hub.storage})
for line in sys.stdin:
    command = json.loads(line)
    with lock:
        if "faults" in command:
            faults[:], log[:] = command["faults"], []
            holds.update(reached=0, released=False)
            say({})
        elif "log" in command:
            say(log)
        elif "wait" in command:
            say({"reached": lock.wait_for(lambda: holds["reached"] > 0, timeout=command["wait"])})
        elif "release" in command:
            holds["released"] = True
            lock.notify_all()
            say({})
