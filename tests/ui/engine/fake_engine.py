"""An engine without a model, for tests of the window: `fake_engine.py serve --parent-stdin --port 0 [--mode MODE]`.

Modes: good, babble (no greeting), silent (never greets), dead (ends at once), other-api (API 2), no-answer, gpus (has two).
What it answers depends on the last user message: "count N" gives N words "w0 w1 ...", one each `PACE` ms (--pace);
"die N" gives N words, then the process kills itself; "refuse" is refused; "break" fails in mid-answer. Anything else
is given back. Counts of tokens are words, and 256 for a picture. Loading takes three looks at /facet/v1/models.
Adapters are any folders but those with "unfit" in their path; an answer ends with " <folder name>*<scale>" for each.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("command")
parser.add_argument("--parent-stdin", action="store_true")
parser.add_argument("--port", type=int)
parser.add_argument("--allow-files", action="append")
parser.add_argument("--mode", default="good")
parser.add_argument("--pace", type=float, default=5)
parser.add_argument("--token", default="secret")
args = parser.parse_args()

models = {}
adapters = {}


def words_of(text):
    return text.split()


def text_of(message):
    content = message["content"]
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)


def pictures_of(message):
    content = message["content"]
    return 0 if isinstance(content, str) else sum(p["type"] == "image_url" for p in content)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        print("fake engine:", self.requestline, file=sys.stderr, flush=True)

    def reply(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, message):
        self.reply({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}, status)

    def is_allowed(self):
        if self.headers.get("Authorization") == f"Bearer {args.token}":
            return True
        self.refuse(401, "The token is wrong.")
        return False

    def do_GET(self):
        if not self.is_allowed():
            return
        if self.path == "/facet/v1/version":
            self.reply({"version": "0.1.0", "api": 2 if args.mode == "other-api" else 1})
        elif self.path == "/facet/v1/models":
            for model in models.values():
                if model["state"] == "loading":
                    model["progress"] = min(1, model["progress"] + 0.34)
                    if model["progress"] >= 1:
                        model["state"] = "failed" if "broken" in model["id"] else "ready"
                        model["error"] = "model-00001.safetensors is cut short: download it again." if "broken" in model["id"] else ""
            self.reply({"models": list(models.values())})
        elif self.path == "/facet/v1/devices":
            gpus = [(0, 24, True), (1, 80, True), (2, 8, False)] if args.mode == "gpus" else []
            devices = [{"id": "cpu", "name": "CPU", "memory_bytes": 8 << 30, "usable": True}]
            devices += [{"id": f"cuda:{i}", "name": f"Card of {size} GB", "memory_bytes": size << 30, "usable": usable} for i, size, usable in gpus]
            self.reply({"devices": devices})
        elif self.path == "/facet/v1/adapters":
            self.reply({"data": list(adapters.values())})
        elif self.path == "/facet/v1/queue":
            self.reply({"running": 0, "waiting": 0, "slots": 4})
        else:
            self.refuse(404, f"There is no {self.path}.")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        if not self.is_allowed():
            return
        if self.path == "/facet/v1/load":
            name = body["model"]
            base = name.endswith("-pt")
            models[name] = {"id": name, "path": "/models/" + name, "state": "loading", "progress": 0, "error": "",
                            "device": "cpu" if body["device"] == "auto" else body["device"], "dtype": "float32", "weights": "bfloat16", "context": 8192,
                            "vision": not base, "mode": "completion" if base else "chat", "template": "none" if base else "gemma3"}
            self.reply({"id": name}, 202)
        elif self.path == "/facet/v1/unload":
            models.pop(body["model"], None)
            self.reply({})
        elif self.path == "/facet/v1/adapters/load":
            name = body.get("id") or os.path.basename(body["path"])
            if "unfit" in body["path"]:
                self.refuse(400, "model tiny: the adapter's layers have another shape.")
            elif name in adapters:
                self.refuse(400, f"id {name} is taken already: give another id")
            else:
                adapters[name] = {"id": name, "path": body["path"], "base": "tiny", "rank": 8}
                self.reply({"id": name})
        elif self.path == "/facet/v1/adapters/unload":
            adapters.pop(body["id"], None)
            self.reply({})
        elif self.path == "/v1/tokenize":
            messages = body.get("messages", [])
            images = 256 * sum(pictures_of(m) for m in messages)
            count = images + len(words_of(body.get("prompt", ""))) + sum(len(words_of(text_of(m))) for m in messages)
            self.reply({"tokens": [0] * count, "count": count, "image_tokens": images, "max_model_len": 8192})
        elif self.path == "/v1/chat/completions":
            last = body["messages"][-1]
            pictures = sum(pictures_of(m) for m in body["messages"])
            self.answer(body, text_of(last), pictures, lambda t: {"delta": {"content": t}}, "chat.completion.chunk")
        elif self.path == "/v1/completions":
            self.answer(body, body["prompt"], 0, lambda t: {"text": t}, "text_completion")
        else:
            self.refuse(404, f"There is no {self.path}.")

    def answer(self, body, prompt, pictures, wrap, kind):
        order = words_of(prompt) or [""]
        if models.get(body["model"], {}).get("state") != "ready":
            self.refuse(404, f"The model {body['model']} is not loaded.")
            return
        if order[0] == "refuse":
            self.refuse(400, "The prompt has 9000 tokens, the context 8192: shorten it.")
            return
        used = []
        for use in body.get("adapters", []):
            if use["id"] not in adapters:
                self.refuse(400, f"there is no adapter {use['id']}: load it first")
                return
            used.append(f" {os.path.basename(adapters[use['id']]['path'])}*{use['scale']:g}")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if order[0] in ("count", "die", "break") and len(order) > 1:
            pieces = [f"w{i} " for i in range(int(order[1]))]
        else:
            pieces = [prompt[i : i + 7] for i in range(0, len(prompt), 7)]
        pieces += used
        head = {"id": "1", "object": kind, "created": 0, "model": body["model"]}
        try:
            for piece in pieces:
                self.send({**head, "choices": [{"index": 0, **wrap(piece), "finish_reason": None}]})
                time.sleep(args.pace / 1000)
            if order[0] == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if order[0] == "break":
                self.send({"error": {"message": "The GPU ran out of memory.", "type": "server_error", "param": None, "code": None}})
                return
            self.send({**head, "choices": [{"index": 0, **wrap(""), "finish_reason": "stop"}]})
            self.send({**head, "choices": [], "usage": {
                "prompt_tokens": 7 + 256 * pictures, "completion_tokens": len(pieces), "total_tokens": 7 + 256 * pictures + len(pieces),
                "prompt_tokens_details": {"cached_tokens": 3, "image_tokens": 256 * pictures}},
                "facet": {"time_to_first_token": 0.212, "prefill_tokens_per_second": 1000.0, "decode_tokens_per_second": 96.4}})
            self.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            print("fake engine: cancelled", file=sys.stderr, flush=True)

    def send(self, event):
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.flush()


def watch_stdin():
    while os.read(0, 4096):
        pass
    os._exit(0)


threading.Thread(target=watch_stdin, daemon=True).start()
if args.mode == "dead":
    print("fake engine: no such device", file=sys.stderr)
    sys.stderr.flush()
    os._exit(3)
if args.mode == "babble":
    print("Hello, I am no engine", flush=True)
    time.sleep(60)
if args.mode == "silent":
    time.sleep(60)
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(json.dumps({"port": server.server_port, "token": args.token, "version": "0.1.0"}), flush=True)
server.serve_forever()
