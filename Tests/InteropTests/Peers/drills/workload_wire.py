# SPDX-License-Identifier: Apache-2.0
"""The Workload API over HTTP/2, as little of gRPC as that takes: one call on a connection of its own. It holds no threads
and may be forked, which gRPC's library may not."""
import socket
import struct

import h2.config
import h2.connection
import h2.events


class CallFailed(Exception):
    """The call ended with another status than 0, or the connection broke."""

    def __init__(self, code, detail):
        super().__init__(f"status {code}: {detail}")
        self.code = code


class Call:
    """One call; iterating gives the messages of the answer until the agent ends it."""

    def __init__(self, path, method, body=b"", seconds=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        try:
            self.socket.connect(path)
            self.wire = h2.connection.H2Connection(
                h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
            self.wire.initiate_connection()
            self.stream = self.wire.get_next_available_stream_id()
            self.wire.send_headers(self.stream, [
                (":method", "POST"), (":scheme", "http"), (":authority", "localhost"),
                (":path", f"/SpiffeWorkloadAPI/{method}"), ("te", "trailers"), ("content-type", "application/grpc"),
                ("workload.spiffe.io", "true")])
            self.wire.send_data(self.stream, struct.pack(">BI", 0, len(body)) + body, end_stream=True)
            self.socket.sendall(self.wire.data_to_send())
        except BaseException:
            self.socket.close()
            raise

    def __iter__(self):
        buffer, status = b"", {}
        while True:
            data = self.socket.recv(1 << 16)
            if not data:
                raise CallFailed(14, "the connection was closed")
            is_over = False
            for event in self.wire.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    buffer += event.data
                    self.wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    status.update(event.headers)
                elif isinstance(event, h2.events.StreamReset):
                    raise CallFailed(13, f"reset with {event.error_code}")
                elif isinstance(event, h2.events.StreamEnded):
                    is_over = True
            if answer := self.wire.data_to_send():
                self.socket.sendall(answer)
            while len(buffer) >= 5 and len(buffer) >= 5 + (size := int.from_bytes(buffer[1:5])):
                yield buffer[5:5 + size]
                buffer = buffer[5 + size:]
            if is_over:
                if status.get("grpc-status") != "0":
                    raise CallFailed(int(status.get("grpc-status", "2")), status.get("grpc-message", "no status"))
                return

    def close(self):
        self.socket.close()
