# SPDX-License-Identifier: Apache-2.0
"""Messages of the Workload API, read with nothing but the standard library, so that what imports this may fork."""


def fields(message):
    """The members of a protobuf message: number, and bytes or a whole number; those of fixed width are passed over."""
    place = 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
    while place < len(message):
        key = varint()
        if key & 7 == 2:
            size = varint()
            yield key >> 3, message[place:place + size]
            place += size
        elif key & 7 == 0:
            yield key >> 3, varint()
        else:
            place += {1: 8, 5: 4}[key & 7]


def member(message, number):
    """One member of a message; empty when it is not there."""
    return next((value for key, value in fields(message) if key == number), b"")


def text_member(number, text):
    """A member that is text."""
    data = text.encode()
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def certificates(data):
    """Certificates in DER one behind the other, each as bytes."""
    found, place = [], 0
    while place < len(data):
        size, head = data[place + 1], 2
        if size >= 128:
            head += size - 128
            size = int.from_bytes(data[place + 2:place + head])
        found.append(data[place:place + head + size])
        place += head + size
    return found
