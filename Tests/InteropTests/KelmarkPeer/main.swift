// SPDX-License-Identifier: Apache-2.0

internal import Foundation

var peer = Peer()
while let line = readLine() {
    try FileHandle.standardOutput.write(contentsOf: Data((peer.answer(line) + "\n").utf8))
}
