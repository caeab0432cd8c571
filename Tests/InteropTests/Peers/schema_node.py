# SPDX-License-Identifier: Apache-2.0
"""A server of schemas by their SAIDs, as data OOBIs: GET /oobi/SAID. usage: schema_node.py PORT FILE…"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCHEMAS = {}
for name in sys.argv[2:]:
    with open(name, "rb") as file:
        text = file.read()
    SCHEMAS[json.loads(text)["$id"]] = text


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = SCHEMAS.get(self.path.split("?")[0].rsplit("/", 1)[-1])
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/schema+json")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
