# SPDX-License-Identifier: Apache-2.0
"""The clock is set wrong by a day, forth and back, for the agent, the issuer, or both."""
import struct
import subprocess
import time

import issuer_records
from identity_stage import Fault, until

DAY = 86_400
USERS = (0, 65534)
STRANGER = ("setpriv", "--reuid=60001", "--regid=60001", "--clear-groups")
AWAY = 20  # seconds that a clock is wrong
# From the moment when the clocks agree again until everybody has a fresh valid SVID: the agent asks again after at most twice
# the time it was cut off, its connection tries every 30 s.
BACK = 90


def play(setting):
    """A clock is a day off for a while, then right again. What is expected:

    agent ahead    everything has ended by its clock: it hands out nothing (UNAVAILABLE, never PERMISSION_DENIED), and keeps its
                   own identity, which only the issuer can end
    agent behind   what it has is handed out on; what it is given is not valid yet by its clock, and not taken
    issuer ahead   what it signs is not valid yet for the agent, which goes on with what it has
    issuer behind  its authority is not valid yet: it makes another one at once
    both ahead     everything short-lived has ended and is replaced
    both behind    as of the issuer; the agent goes on with what it has

    With lifetimes longer than a day for agents and authorities (30 d, 4 d), and for the agent's clock with the usual ones
    (1 d, 1 h) too. Nobody ends, nobody asks without end, nobody attests again, and within 90 s of the clocks' agreement
    everybody has a fresh valid SVID."""
    result = {}
    # Longer lifetimes than the step, and the usual ones.
    for name, options, steps in (
            ("long", ["--ca-ttl", "30d", "--x509-ttl", "4d"], ("agent+", "agent-", "issuer+", "issuer-", "both+", "both-")),
            ("usual", [], ("agent+", "agent-"))):
        result[name] = domain(setting, name, options, steps)
    return result


def domain(setting, name, options, steps):
    # Without an organisation: the limits of an authority credential are no matter of clocks.
    stage = setting.stage(f"clock-{name}", claimed=True, issuer_options=options)
    with setting.closing(stage):
        stage.compiled("workload_probe.c")
        library = str(stage.compiled("clock_step.c", "-shared", "-fPIC"))
        clocks = {}
        for daemon in ("agent", "issuer"):
            clocks[daemon] = stage.place / f"{daemon}.step"
            clocks[daemon].write_bytes(struct.pack("<q", 0))
        environment = {daemon: {"LD_PRELOAD": library, "CLOCK_STEP": str(path)} for daemon, path in clocks.items()}
        stage.start(environment["issuer"], environment["agent"])
        agents = stage.agents()
        for user in USERS:
            stage.entry(f"/web/{user}", f"unix:uid:{user}", x509_ttl=1800)
        crowd = setting.watchers(stage)
        for user in USERS:
            crowd.add(user, raw=2, libraries=1)
        expected = 3 * len(USERS)
        until("everybody's first SVID", lambda: len(crowd.streams()) == expected, 60)
        attested, first = stage.agent.counts["Agent attested"], time.time()
        faults, slowest = [], 0.0
        for step in steps:
            took, found = one_step(setting, stage, crowd, clocks, step, expected)
            slowest = max(slowest, took)
            faults += [f"{name} {step}: {fault}" for fault in found]
            for daemon in (stage.issuer, stage.agent):
                daemon.must_live()
        if stage.agents() != agents or stage.agent.counts["Agent attested"] != attested:
            faults.append(f"{name}: the agent attested again")
        faults += [f"{name}: {one['who']} is told {one['code']}" for one in crowd.record()
                   if one["event"] == "error" and one["at"] > first and one["code"] in ("PERMISSION_DENIED", "INVALID_ARGUMENT", "MALFORMED")][:3]
        crowd.close()
        stage.issuer.stop()
        counts, records = issuer_records.judge_folder(stage.folder / "issuer", crowd.serials())
        # A storm would be one SVID for each moment of every wrong clock.
        if counts["leaves"] > 40 * (1 + len(steps)):
            records.append(f"{counts['leaves']} SVIDs were signed: a storm")
        faults += records
        if faults:
            raise Fault("; ".join(faults[:6]))
        return {"steps": len(steps), "slowest_back_s": round(slowest, 1), "leaves": counts["leaves"]}


def one_step(setting, stage, crowd, clocks, step, expected):
    """(seconds until everybody had a fresh SVID, faults)."""
    seconds = DAY if step.endswith("+") else -DAY
    who = ("agent", "issuer") if step.startswith("both") else (step[:-1],)
    daemons = {"agent": stage.agent, "issuer": stage.issuer}
    setting.log(f"clock: {step}")
    for name in who:
        clocks[name].write_bytes(struct.pack("<q", seconds))
    stepped = time.time()
    # Both write a line about somebody whom nobody knows: the control reads its date.
    stranger = [*STRANGER, str(stage.place / "workload_probe"), "fetch", str(stage.socket)]
    subprocess.run(stranger, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60, check=True)
    stage.ask("entry", "count")
    time.sleep(AWAY)
    faults = []
    for daemon in daemons.values():
        daemon.must_live()
    for name in who:
        if not any(is_off(line, seconds) for line in list(daemons[name].lines)):
            faults.append(f"the clock of the {name} was never wrong, so that this proves nothing")
    if step == "both+":
        # By these clocks all has ended, and is replaced at once.
        until("SVIDs after both clocks went ahead", lambda: len(crowd.fresh_since(stepped)) == expected, BACK)
    for name in who:
        clocks[name].write_bytes(struct.pack("<q", 0))
    agreed = time.time()
    # Nobody's SVID may be of the wrong time: valid now, for everybody.
    def all_valid():
        now = time.time()
        latest = crowd.latest()
        return len(latest) == expected and all(
            svid["from"] <= now <= svid["until"] for svids in latest.values() for svid in svids.values()) and \
            stage.agent.is_ready() and stage.issuer.is_ready()
    try:
        if step in ("agent+", "both+"):
            # What they had was given up, or is not valid yet.
            until("the next SVID for everybody", lambda: len(crowd.fresh_since(agreed)) == expected, BACK)
        until("valid SVIDs for everybody", all_valid, BACK)
        # New entries arrive: issuer and agent speak with each other, and something is signed that all of them get.
        path = f"/after/{step[:-1]}/{'ahead' if seconds > 0 else 'behind'}"
        stage.entry(path, *(f"unix:uid:{USERS[0]}",), x509_ttl=1800, parent=stage.agents()[0])
        until("an SVID of a new entry", lambda: any(
            stage.spiffe_id(path) in svids and svids[stage.spiffe_id(path)]["from"] <= time.time()
            for svids in crowd.latest().values()), BACK)
    except Fault as fault:
        faults.append(f"{fault} (agent: {stage.agent.tail()[-300:]})")
    took = time.time() - agreed
    return took, faults


def is_off(line, seconds):
    """Whether a line of a log has the date of the wrong clock."""
    found = line.find('"ts":"')
    if found < 0:
        return False
    try:
        moment = time.mktime(time.strptime(line[found + 6:found + 25], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    except ValueError:
        return False
    return abs(moment - time.time() - seconds) < 3600
