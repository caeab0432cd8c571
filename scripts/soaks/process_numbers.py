# SPDX-License-Identifier: Apache-2.0
"""Races for the numbers of processes."""
import hashlib
import json
import pathlib
import re
import shutil
import subprocess

from identity_stage import Fault, until

DEAD, OTHER = 65533, 65532


def play(setting):
    """A process connects and dies; another one, under another user or with another program, gets its number, and then the
    connection is used (`--races`). In a pid namespace of its own, where the next number can be set. It is never served: not as
    the heir, and not as the dead. The same on a kernel that shows no handle of a process that has ended (6.5 to 6.15).
    Control: on a kernel without such handles (before 6.5) an agent that slept through the change is deceived, so the races are
    real."""
    stage = setting.stage("process-numbers", claimed=True, agent_options=["--discover-workload-path"])
    with setting.closing(stage):
        stage.issuer.start()
        racer, probe = stage.compiled("process_reuse.c"), stage.compiled("workload_probe.c")
        library = stage.compiled("older_kernel.c", "-shared", "-fPIC")
        victim = stage.place / "victim"
        shutil.copy(probe, victim)
        victim.chmod(0o755)
        prefix = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", '"$@" & wait', "sh"]
        stage.start_agent_first(prefix)
        stage.entry("/dead", f"unix:uid:{DEAD}", f"unix:path:{racer}")
        stage.entry("/other", f"unix:uid:{OTHER}")
        stage.entry("/victim", f"unix:uid:{DEAD}", f"unix:path:{victim}",
                    f"unix:sha256:{hashlib.sha256(victim.read_bytes()).hexdigest()}")
        faults = []
        result = {}
        plans = (
            ("as it is", {}, setting.options.races, ()),
            ("6.5 to 6.15", {"LD_PRELOAD": str(library), "OLDER_KERNEL": "reaped"}, max(100, setting.options.races // 20),
             ("stopped",)),
            ("before 6.5", {"LD_PRELOAD": str(library), "OLDER_KERNEL": "none"}, 100, ("stopped",)))
        for name, environment, rounds, more in plans:
            if environment:
                stage.agent.kill()
                stage.agent.start(prefix, **environment)
            faults += [f"{name}: {one}" for one in controls(stage, probe, victim)]
            counts = race(setting, stage, racer, victim, rounds, more)
            setting.log(f"process-numbers: {name}: {counts}")
            result[name] = {key: counts[key] for key in ("rounds", "won", "refused", "closed", "own", "stolen", "served_dead")}
            if counts["silent"]:
                faults.append(f"{name}: {counts['silent']} calls were never answered")
            if counts["won"] < rounds * 0.9:
                faults.append(f"{name}: the number was won in {counts['won']} of {rounds} rounds only")
            if name == "before 6.5":
                if not counts["stolen"]:
                    faults.append("an agent without handles is not deceived, so that the races prove nothing")
            elif counts["stolen"] or counts["served_dead"]:
                faults.append(f"{name}: {counts['stolen']} stolen, {counts['served_dead']} for the dead: {counts['example']}")
            stage.agent.must_live()
        if faults:
            raise Fault("; ".join(faults[:6]))
        return result


def inside(stage, command, user=None):
    """A command in the agent's namespaces."""
    change = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return ["nsenter", "--target", str(stage.agent.pid), "--pid", "--mount", "--", *change, *map(str, command)]


def controls(stage, probe, victim):
    """Living processes are who they are."""
    faults = []
    for program, user, path in ((victim, DEAD, "/victim"), (probe, OTHER, "/other")):
        wanted = stage.spiffe_id(path)

        def answer():
            return subprocess.run(
                inside(stage, [program, "fetch", stage.socket], user), capture_output=True, text=True, timeout=60,
                stdin=subprocess.DEVNULL).stdout.strip()
        try:
            until(f"{wanted} alive", lambda: answer() == wanted, 30, 0.3)
        except Fault as fault:
            faults.append(f"{fault}: {answer()}")
    return faults


def race(setting, stage, racer, victim, rounds, more):
    status = pathlib.Path(f"/proc/{stage.agent.pid}/status").read_text()
    number = re.search(r"NSpid:.*?(\d+)$", status, re.M).group(1)
    done = subprocess.run(
        inside(stage, [racer, stage.socket, rounds, setting.random.getrandbits(62), number, DEAD, OTHER, victim, *more]),
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60 + rounds)
    if done.returncode:
        raise Fault(f"the races ended with {done.returncode}: {done.stderr[-300:]}")
    return json.loads(done.stdout)
