# SPDX-License-Identifier: Apache-2.0
"""The disk is full for the issuer, then for the agent."""
import time

import issuer_records
import watchers
from identity_stage import Fault, until

USERS = (0, 65534)
HEALED = 90


def play(setting):
    """RLIMIT_FSIZE keeps the issuer, then the agent, from writing: at once, or some pages into what it writes. Errors say so,
    nothing half is left, what was handed out goes on, nothing is handed out that is not recorded; with room again both go on,
    also after they were killed. Agent SVIDs live two minutes, so that the agent has to write; a new authority comes while it can't."""
    stage = setting.stage("full-disk", issuer_options=["--x509-ttl", "120s"])
    with setting.closing(stage):
        stage.start()
        agents = stage.agents()
        for user in USERS:
            stage.entry(f"/web/{user}", f"unix:uid:{user}", x509_ttl=240)
        crowd = setting.watchers(stage)
        for user in USERS:
            crowd.add(user, raw=2, libraries=1, tokens=2 if user == 0 else 0)
        until("everybody's first SVID", lambda: len(crowd.streams()) == 3 * len(USERS), 60)
        attested = stage.agent.counts["Agent attested"]
        counts = {"refusals": 0, "rounds": 0}
        acknowledged = []
        faults = []
        for number in range(setting.options.full_rounds):
            counts["rounds"] += 1
            faults += issuer_round(setting, stage, crowd, number, acknowledged, counts)
        counts |= {"agent_rounds": 0}
        for number in range(setting.options.full_rounds):
            counts["agent_rounds"] += 1
            faults += agent_round(setting, stage, number, counts)
        if stage.agents() != agents or stage.agent.counts["Agent attested"] != attested:
            faults.append("the agent attested again")
        faults += watchers.losses(crowd.record())
        crowd.close()
        stage.issuer.stop()
        found, more = issuer_records.judge_folder(stage.folder / "issuer", crowd.serials(), acknowledged)
        faults += more
        if not counts["refusals"]:
            faults.append("nothing was refused: the disk was never full, and this proves nothing")
        if faults:
            raise Fault("; ".join(faults[:6]))
        return counts | {"entries_acknowledged": len(acknowledged)} | found


def issuer_round(setting, stage, crowd, number, acknowledged, counts):
    log = stage.folder / "issuer" / "issuer.sqlite-wal"
    # In the first round not a byte; later some pages of what is being written get through.
    room = 0 if number == 0 else log.stat().st_size + setting.random.randrange(1, 40_000)
    faults = []
    parent = stage.agents()[0]
    stage.issuer.limit_files(room)
    refused = 0
    began = time.monotonic()
    while refused < 3 and time.monotonic() - began < 60:
        if room and time.monotonic() - began > 12:
            # The log was begun anew, and has all the room that it had before.
            room = 0
            stage.issuer.limit_files(room)
        path = f"/full/{number}/{time.monotonic_ns()}"
        try:
            code, name, cause = stage.refusal(
                "entry", "create", "--parent-id", parent, "--spiffe-id", stage.spiffe_id(path), "--selector",
                f"unix:user:{path[6:].replace('/', '-')}")
        except Fault as fault:
            if "succeeds" not in str(fault):
                faults.append(str(fault))
            time.sleep(0.2)
            continue
        refused += 1
        setting.log(f"full-disk: exit code {code}, {name}: {cause}")
        if code == 0 or not name.startswith("KM-") or "internal" in cause.lower():
            faults.append(f"a full disk is told as {name}: {cause}")
    counts["refusals"] += refused
    if not refused:
        faults.append("the issuer writes although it can't")
    if number == 1:
        stage.issuer.limit_files(0)
        name = stage.refusal("localauthority", "x509", "prepare", seconds=120)[1]
        if not name.startswith("KM-"):
            faults.append(f"a full disk is told as {name}")
    stage.issuer.must_live()
    # No SVID without its leaf: whoever got one meanwhile is found in the file afterwards.
    stage.issuer.limit_files(None)
    lifted = time.time()
    until("an entry after there is room again", lambda: made(stage, number, acknowledged), HEALED, 0.5)
    until("a token after there is room again", lambda: any(
        one["event"] == "token" and one["at"] > lifted and one["audience"] == "new-" for one in crowd.record()), HEALED)
    if number == 1:
        stage.prepared = stage.ask("localauthority", "x509", "prepare")["prepared_authority"]["authority_id"]
    # What was half written would be met here.
    stage.issuer.kill()
    faults += issuer_records.judge_folder(stage.folder / "issuer", crowd.serials(), acknowledged)[1]
    stage.issuer.start()
    return faults


def made(stage, number, acknowledged):
    try:
        acknowledged.append(stage.entry(f"/room/{number}", f"unix:user:room-{number}", parent=stage.agents()[0]))
    except Exception as error:  # noqa: BLE001  (a refusal; what it is stands in the log when time is up)
        if "exit code" not in str(error):
            raise
        return False
    return True


def agent_round(setting, stage, number, counts):
    folder = stage.folder / "agent"
    record = folder / "agent.json"
    faults = []
    stage.agent.until_ready(HEALED)
    stage.agent.limit_files(0)
    before = record.read_bytes()
    if number == 1:
        # A new authority while nothing can be written: the agent has to know it, also when it starts again.
        authority = stage.ask("localauthority", "x509", "activate", stage.prepared)
        setting.log(f"full-disk: activated {authority}")
    told = ("Agent's SVID not renewed yet", "The bundle could not be stored", "Round with the issuer failed")
    words = sum(stage.agent.counts[word] for word in told)
    until("a word about what can't be written", lambda: sum(stage.agent.counts[word] for word in told) > words, HEALED)
    counts["refusals"] += 1
    time.sleep(setting.random.uniform(1, 8))
    if record.read_bytes() != before:
        faults.append("the agent's record changed while nothing could be written")
    if (folder / "agent.json.new").exists():
        faults.append("half a record is left")
    stage.agent.must_live()
    stage.agent.limit_files(None)
    until("the agent's record after there is room again", lambda: record.read_bytes() != before, HEALED)
    if number == 1:
        # All that is stored now must do, whichever authority the issuer shows.
        time.sleep(12)
    stage.agent.kill()
    stage.agent.start(is_awaited=False)
    stage.agent.until_ready(HEALED)
    return faults
