# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of the issuer and the node agent, for `scripts/bench`: signing, issuance, workloads at a live agent, and trust
domains with many entries.

What a real SPIRE did on another machine stands beside, for orientation: a comparison it is not.
"""
import contextlib
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import time

from kelmark_domain import Domain

ROUNDS = 5
SPIRE = "SPIRE 1.16-dev elsewhere (2 shared cores under load, one Python client)"
# Which calls at how many clients, with how many calls each: about a second of work. Tokens come in bursts, since the issuer
# signs 500 a second for one address, as SPIRE does.
CALLS = [
    ("health", 1, 400), ("x509", 1, 400), ("x509-new", 1, 200), ("jwt", 1, 400), ("jwt-fresh", 1, 200),
    ("x509", 4, 150), ("jwt-fresh", 4, 75), ("health", 64, 30), ("x509", 64, 30), ("x509-new", 64, 8), ("jwt-fresh", 64, 5)]
WORDS = {
    "health": "a health check, the bare call", "x509": "FetchX509SVID, first message", "x509-new": "the same, a new connection each",
    "jwt": "FetchJWTSVID, a token that is there", "jwt-fresh": "FetchJWTSVID, a new token each"}
ORIENTATION = {
    ("x509", 4): "1 300 to 1 500/s, p50 2 ms, p99 14 to 16 ms", ("x509-new", 1): "945/s", ("jwt", 1): "2 100/s",
    ("jwt-fresh", 1): "427/s, p50 7 ms"}


def run(bench, *arguments, **variables):
    """What kelmark-bench prints, and shows."""
    print(f"$ kelmark-bench {' '.join(map(str, arguments))}", flush=True)
    subprocess.run([bench, *map(str, arguments)], check=True, env=dict(os.environ, **variables))


def ask(bench, *arguments):
    """The numbers of the line that kelmark-bench prints."""
    done = subprocess.run([bench, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: kelmark-bench {' '.join(map(str, arguments))}: {done.stdout.strip()} {done.stderr.strip()[-400:]}")
    return [float(word) for word in done.stdout.split()[1:]]


def memory(service):
    """Resident memory of a process, and how much of it is its own: the rest is the program's file, one for all processes."""
    lines = pathlib.Path(f"/proc/{service.process.pid}/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    whole, own = (int(values[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    return f"{whole:.0f} MiB, {own:.0f} of it its own"


def processor_seconds(service):
    fields = pathlib.Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Stage:
    """A trust domain with an organisation, in release mode, whose processes count their synchronisations."""

    def __init__(self, binary, folder, counter):
        folder.mkdir()
        self.counts = {name: folder / f"syncs-{name}" for name in ("issuer", "agent")}
        wrapper = folder / "kelmark"
        wrapper.write_text(
            '#!/bin/sh\ncase "$1 $2" in\n' + "".join(
                f'"{name} serve") export LD_PRELOAD="{counter}" SYNC_COUNT="{path}" ;;\n' for name, path in self.counts.items())
            + f'esac\nexec "{binary}" "$@"\n')
        wrapper.chmod(0o755)
        self.domain = Domain(wrapper, folder / "domain")

    def syncs(self, name):
        return int.from_bytes(self.counts[name].read_bytes()[:8], "little")

    def memory(self, words):
        domain = self.domain
        print(f"  memory, {words}: issuer {memory(domain.issuer)}; agent {memory(domain.agent)}", flush=True)

    def processor_seconds(self):
        return [processor_seconds(one) for one in (self.domain.issuer, self.domain.agent)]

    def issued(self):
        """How many SVIDs the issuer has recorded."""
        file = self.domain.folder / "issuer" / "issuer.sqlite"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute("SELECT count(*) FROM issuances").fetchone()[0]

    def until_issued(self, count, start, seconds=180):
        """Seconds from `start` until so many SVIDs are recorded."""
        while self.issued() < count:
            if time.monotonic() - start > seconds:
                sys.exit(f"bench: only {self.issued()} of {count} SVIDs within {seconds} s")
            time.sleep(0.02)
        return time.monotonic() - start

    def entries(self, bench, count, name, parent, nodes=0, per_call=5000):
        made, seconds = ask(
            bench, "entries", self.domain.issuer_socket, self.domain.name, parent, nodes, count, per_call, name)
        return int(made), seconds

    @staticmethod
    def restart(service):
        """Seconds until a process is ready again."""
        service.stop()
        start = time.monotonic()
        service.start()
        return time.monotonic() - start


class Rounds:
    """What each kind of call took, over the rounds."""

    def __init__(self):
        self.rates, self.halves, self.lates, self.syncs, self.efforts = {}, {}, {}, {}, {}

    def play(self, stage, bench, calls=CALLS, rounds=ROUNDS):
        socket = stage.domain.socket
        for _ in range(rounds):
            for kind, clients, each in calls:
                before = stage.syncs("issuer"), stage.syncs("agent")
                effort = stage.processor_seconds()
                count, rate, half, late, _ = ask(bench, "workload", kind, socket, clients, each)
                key = kind, clients
                self.rates.setdefault(key, []).append(rate)
                self.halves.setdefault(key, []).append(half * 1000)
                self.lates.setdefault(key, []).append(late * 1000)
                used = [(late - early) / count * 1e6 for early, late in zip(effort, stage.processor_seconds())]
                self.efforts.setdefault(key, []).append(used)
                after = stage.syncs("issuer"), stage.syncs("agent")
                self.syncs.setdefault(key, []).append(((after[0] - before[0]) / count, (after[1] - before[1]) / count))
        return self

    def half(self, kind, clients):
        return statistics.median(self.halves[kind, clients])

    def show(self, calls=CALLS, against=None):
        for kind, clients, _ in calls:
            key = kind, clients
            bare = ("health", clients)
            line = (
                f"  {clients} client(s), {WORDS[kind]}: {statistics.median(self.rates[key]):.0f}/s "
                f"({min(self.rates[key]):.0f} to {max(self.rates[key]):.0f}), p50 {self.half(*key):.2f} ms, "
                f"p99 {statistics.median(self.lates[key]):.2f} ms")
            if kind != "health" and bare in self.halves:
                line += f", p50 is {self.half(*key) / self.half(*bare):.1f} times that of the bare call"
            if against:
                line += f", {self.half(*key) / against.half(*key):.2f} times that with one entry"
            issuer, agent = (statistics.median(one[place] for one in self.efforts[key]) for place in (0, 1))
            line += f"; processor time each: agent {agent:.0f} µs" + (f", issuer {issuer:.0f} µs" if kind == "jwt-fresh" else "")
            issuer, agent = (statistics.median(one[place] for one in self.syncs[key]) for place in (0, 1))
            if kind == "jwt-fresh" or issuer >= 0.01 or agent >= 0.01:
                line += f", {issuer:.2f} syncs each at the issuer, {agent:.2f} at the agent"
            print(line, flush=True)
            if not against and key in ORIENTATION:
                print(f"    {SPIRE}: {ORIENTATION[key]}")


def agent_path(domain):
    return domain.agent_id["path"]


def small_domain(binary, bench, folder, counter):
    """Workloads at a live agent; then 5 000 entries for that one agent."""
    stage = Stage(binary, folder / "small", counter)
    domain = stage.domain
    try:
        domain.start()
        print("trust domain with an organisation: issuer and agent as processes, release mode, one entry for the callers")
        stage.memory("idle")
        domain.entry("/bench")
        rounds = Rounds().play(stage, bench)
        print(f"workloads at the agent's socket, native client, {ROUNDS} rounds interleaved, medians of each round's p50 and p99; "
              "the callers run on the same cores")
        rounds.show()
        print("  durability: the issuer hands no token out before its record is synchronised, requests that wait share one; the "
              "agent keeps SVIDs in memory only")
        stage.memory("after these calls")

        before = stage.issued()
        start = time.monotonic()
        made, seconds = stage.entries(bench, 5000, "five", agent_path(domain))
        print(f"{made} entries for the one agent, in one call: {seconds:.2f} s; {SPIRE}: 6.9 s")
        ahead = stage.until_issued(before + 999, start) - seconds
        print(f"  SVIDs signed ahead (1 000 are kept): {ahead:.1f} s after the call, of which up to 5 s until the agent looks; "
              f"{SPIRE}: within 2 s of the look")
        time.sleep(5)
        stage.memory("5 000 entries and 1 000 SVIDs at the agent")
        print(f"    {SPIRE}: server 37 to 40 MB idle, 53 to 57 MB then; agent 31 to 36 MB idle, 58 to 62 MB then")
        few = [one for one in CALLS if one[0] in ("health", "x509", "jwt-fresh") and one[1] in (1, 64)]
        Rounds().play(stage, bench, few).show(few, against=rounds)
    finally:
        domain.close()


def large_domain(binary, bench, folder, counter, entries):
    """An agent with 1 000 entries of many."""
    own = 1000
    stage = Stage(binary, folder / "large", counter)
    domain = stage.domain
    try:
        domain.start()
        print(f"trust domain with {entries} entries, {own} of them for the agent that runs")
        stage.memory("idle")
        syncs = stage.syncs("issuer")
        made, seconds = stage.entries(bench, entries - own, "other", "/node", nodes=100)
        print(f"  {made} entries of 100 other nodes over the operators' socket, 5 000 a call: {seconds:.1f} s, "
              f"{made / seconds:.0f}/s, {stage.syncs('issuer') - syncs} syncs")
        stage.memory(f"{made} entries at the issuer")
        print(f"  issuer started again: ready after {stage.restart(domain.issuer):.1f} s")
        stage.memory(f"{made} entries at the issuer, started again")

        # It looks less often after the issuer was away.
        stage.restart(domain.agent)
        before = stage.issued()
        start = time.monotonic()
        _, seconds = stage.entries(bench, own, "own", agent_path(domain))
        whole = stage.until_issued(before + own, start)
        print(f"  {own} entries for the agent: made in {seconds:.2f} s; all SVIDs recorded {whole - seconds:.1f} s after that, of "
              "which up to 5 s until the agent looks and 1 s until the issuer's limit lets the second batch of 500 through")
        domain.entry("/bench")
        before = stage.issued()
        start = time.monotonic()
        ready = stage.restart(domain.agent)
        whole = stage.until_issued(before + own, start)
        print(f"  agent started again: serves after {ready:.2f} s, has all SVIDs after {whole:.1f} s")
        stage.memory(f"{entries} entries, {own} of them and their SVIDs at the agent")
        rest = 20
        before = stage.processor_seconds()
        time.sleep(rest)
        used = [late - early for early, late in zip(before, stage.processor_seconds())]
        print(f"  nothing to do for {rest} s, a sync every 5 s: issuer {used[0] / rest:.1%} of a core, agent {used[1] / rest:.1%}")
        few = [one for one in CALLS if one[0] in ("health", "x509", "jwt-fresh") and one[1] == 1]
        Rounds().play(stage, bench, few).show(few)
    finally:
        domain.close()


def identity(binary, bench, folder, counter, quick):
    """Everything about the issuer and the agent."""
    folder = pathlib.Path(folder) / "identity"
    folder.mkdir()
    entries = 20_000 if quick else 100_000
    run(bench, "issuer", folder, LD_PRELOAD=str(counter), SYNC_COUNT=str(folder / "syncs"))
    run(bench, "registrations", folder, entries, 1000)
    small_domain(binary, bench, folder, counter)
    large_domain(binary, bench, folder, counter, entries)
