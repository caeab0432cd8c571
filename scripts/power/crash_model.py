# SPDX-License-Identifier: Apache-2.0
"""What a power failure may leave of the files that scripts/power/recorder.c watched.

Only what was synchronised is certain. Of later writes any subset may be there, torn at sectors; files may be longer than
their data; of later changes of folders a beginning may be there, or (POSIX promises no more) any subset.
"""
import os
import struct

CREATE, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, RENAME, UNLINK, MKDIR, SAID = range(1, 10)
HEAD = struct.Struct("<IIQqIIQ")
MARK = 0x52574F50
SECTOR = 512
PAGE = 4096


def read_log(path):
    """The recorded operations: (kind, node, offset, path, other path, data)."""
    operations = []
    with open(path, "rb") as file:
        content = file.read()
    place = 0
    while place < len(content):
        mark, kind, node, offset, path_count, other_count, count = HEAD.unpack_from(content, place)
        if mark != MARK:
            raise SystemExit("crash_model: the log is damaged")
        place += HEAD.size
        name = content[place:place + path_count].decode()
        other = content[place + path_count:place + path_count + other_count].decode()
        place += path_count + other_count
        operations.append((kind, node, offset, name, other, content[place:place + count]))
        place += count
    return operations


class Node:
    """A file: its durable content, and the writes since."""

    def __init__(self, content=b""):
        self.durable = bytearray(content)
        self.pending = []

    def current(self):
        content = bytearray(self.durable)
        for kind, offset, data in self.pending:
            apply(content, kind, offset, data)
        return content

    def synchronise(self):
        self.durable = self.current()
        self.pending = []

    def crash(self, random):
        """A content that may be left."""
        if not self.pending:
            return self.durable
        mode = random.choice(["none", "none", "all", "beginning", "pages", "sectors", "sectors"])
        content = bytearray(self.durable)
        if mode == "none":
            return content
        if mode == "all":
            return self.current()
        if mode == "beginning":
            count = random.randrange(len(self.pending) + 1)
            for kind, offset, data in self.pending[:count]:
                apply(content, kind, offset, data)
            if count < len(self.pending) and self.pending[count][0] == WRITE:
                _, offset, data = self.pending[count]
                kept = random.randrange(len(data) + 1)
                kept -= (offset + kept) % SECTOR if kept < len(data) else 0
                if kept > 0:
                    apply(content, WRITE, offset, data[:kept])
            return content
        step = PAGE if mode == "pages" else SECTOR
        chance = random.choice([0.1, 0.5, 0.9])
        longest = len(content)
        for kind, offset, data in self.pending:
            if kind == TRUNCATE:
                if random.random() < 0.5:
                    apply(content, kind, offset, data)
                continue
            longest = max(longest, offset + len(data))
            place = 0
            while place < len(data):
                count = min(step - (offset + place) % step, len(data) - place)
                if random.random() < chance:
                    apply(content, WRITE, offset + place, data[place:place + count])
                place += count
        if len(content) < longest and random.random() < 0.5:
            # The length was written, the data were not: zeros, or what the disk held there before.
            missing = longest - len(content)
            content += bytes(missing) if random.random() < 0.7 else random.randbytes(missing)
        return content


def apply(content, kind, offset, data):
    if kind == TRUNCATE:
        if offset < len(content):
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
        return
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


class Disk:
    """Files and folders below a root, with what of them is durable."""

    def __init__(self, root):
        """Starts with what is there now, all of it durable."""
        self.root = os.path.realpath(root)
        self.nodes = {}
        self.folders = {self.root}
        self.names = {}
        self.pending = {}
        self.numbers = {}
        for folder, folders, files in os.walk(self.root):
            self.folders.update(os.path.join(folder, name) for name in folders)
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    node = Node(file.read())
                self.numbers[os.stat(path).st_ino] = node
                self.names[path] = node

    def run(self, operation, ignore_sync=False):
        kind, number, offset, path, other, data = operation
        if kind == CREATE:
            # Numbers of removed files are used again.
            node = self.numbers[number] = Node()
            self._change(path, ("name", path, node))
        elif kind in (WRITE, TRUNCATE):
            self.numbers[number].pending.append((kind, offset, data))
        elif kind == SYNC and not ignore_sync:
            self.numbers[number].synchronise()
        elif kind == SYNC_FOLDER and not ignore_sync:
            for change in self.pending.pop(path, []):
                self._apply(self.names, self.folders, change)
        elif kind == RENAME:
            if os.path.dirname(path) != os.path.dirname(other):
                raise SystemExit("crash_model: files are moved between folders")
            self._change(path, ("move", path, other))
        elif kind == UNLINK:
            self._change(path, ("remove", path, None))
        elif kind == MKDIR:
            self._change(path, ("folder", path, None))

    def _change(self, path, change):
        self.pending.setdefault(os.path.dirname(path), []).append(change)

    @staticmethod
    def _apply(names, folders, change):
        what, path, other = change
        if what == "name":
            names[path] = other
        elif what == "folder":
            folders.add(path)
        elif path in names:
            node = names.pop(path)
            if what == "move":
                names[other] = node

    def crash(self, random, target):
        """Writes into the new folder `target` what may be left of the root."""
        names, folders = dict(self.names), set(self.folders)
        for changes in self.pending.values():
            if random.random() < 0.3:
                kept = [change for change in changes if random.random() < 0.5]
            else:
                kept = changes[:random.randrange(len(changes) + 1)]
            for change in kept:
                self._apply(names, folders, change)
        os.makedirs(target, mode=0o700)
        for folder in sorted(folders - {self.root}):
            if os.path.dirname(folder) in folders:
                os.mkdir(target + folder[len(self.root):], 0o700)
        for path, node in names.items():
            if os.path.dirname(path) not in folders:
                continue
            content = node.crash(random)
            if path.endswith("-shm"):
                # Shared memory: what of it reaches the disk is anybody's guess.
                content = random.choice([None, b"", random.randbytes(32768)])
            if content is None:
                continue
            with open(os.open(target + path[len(self.root):], os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)
