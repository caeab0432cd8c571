# SPDX-License-Identifier: Apache-2.0
"""Introductions (OOBIs) between `kelmark` and live keripy in every form that both know, and those that must lead nowhere."""
import http.server
import re
import threading

from interop_stage import DENIED, UNDECIDABLE, expect
from keripy_nodes import get


def theirs_of_ours(stage):
    """keripy follows each form to an AID of ours, and holds its log afterwards."""
    witness = stage.witnesses(1)[0]
    home = stage.home("home")
    alice = stage.incept(home, "alice", [witness], 1)
    stage.run(home, "id anchor alice --empty")
    host = f"http://127.0.0.1:{witness.http_port}"
    forms = (f"/oobi/{alice}/witness/{witness.aid}", f"/oobi/{alice}/witness", f"/.well-known/keri/oobi/{alice}", f"/oobi/{alice}")
    for number, form in enumerate(forms):
        name = f"reader{number}"
        stage.keripy.controller(name, stage.salt(name))
        stage.introduce(name, f"{host}/oobi", "witness")
        stage.introduce(name, host + form, "alice")
        text = stage.keripy.kli("kevers", "--name", name, "--prefix", alice)
        found = re.search(r"Seq No:\s*(\d+)", text)
        expect(found is not None and found.group(1) == "1", f"after {form} keripy knows: {text.strip()[-200:]}")
    return f"{stage.exchanges} exchanges, {len(forms)} forms and the witness itself"


def ours_of_theirs(stage):
    """Ours follows each form to an AID of keripy, and refuses a host that answers another AID, or no log at all."""
    witness = stage.their_witness("wan")
    bob = stage.controller("bob", [witness], 1)
    stage.kli("interact", "--name", "bob", "--alias", "bob", "--data", '["x"]')
    host = f"http://127.0.0.1:{witness.http_port}"
    forms = (stage.their_oobi("bob", "bob"), f"{host}/oobi/{bob}/witness/{witness.aid}", f"{host}/oobi/{bob}")
    for number, form in enumerate(forms):
        home = stage.home(f"reader{number}")
        seen = stage.run(home, f"oobi resolve {host}/oobi")
        expect(seen["aid"] == witness.aid, f"the witness introduces itself as {seen['aid']}")
        seen = stage.run(home, f"oobi resolve {form} --alias bob")
        expect(seen["aid"] == bob and seen["state"]["s"] == "1", f"{form} leads to {seen}")
    home = stage.home("wary", [witness.oobi])
    other = stage.incept(home, "alice", [stage.witnesses(1)[0]], 1)
    bare = get(witness.http_port, f"/oobi/{bob}/witness/{witness.aid}")
    with Impostor(bob, bare[2]) as port:
        stage.run(home, f"oobi resolve http://127.0.0.1:{port}/oobi/{witness.aid}/controller", DENIED)
    with Impostor(other, bare[2]) as port:
        stage.run(home, f"oobi resolve http://127.0.0.1:{port}/oobi/{bob}/witness/{witness.aid}", DENIED)
    with Impostor(bob, b"no log") as port:
        stage.run(home, f"oobi resolve http://127.0.0.1:{port}/oobi/{bob}/witness/{witness.aid}", (DENIED, UNDECIDABLE))
    expect(home.run(["oobi", "list"]) is not None, "the list of introductions is gone")
    return f"{stage.exchanges} exchanges, {len(forms)} forms and the witness itself, 3 impostors refused"


class Impostor:
    """A web server on loopback that answers every introduction with the same bytes, for the AID that it claims."""

    def __init__(self, aid, stream):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "application/json+cesr")
                self.send_header("KERI-AID", aid)
                self.send_header("Content-Length", str(len(stream)))
                self.end_headers()
                self.wfile.write(stream)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self.server.server_address[1]

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


STORIES = {
    "keripy follows introductions of ours": theirs_of_ours,
    "ours follows introductions of keripy": ours_of_theirs,
}
