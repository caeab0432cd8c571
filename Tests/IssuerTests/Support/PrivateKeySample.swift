// SPDX-License-Identifier: Apache-2.0

import JOSE

/// Keys for tests that need one of which nothing matters.
enum PrivateKeySample {
    static func next() throws -> PublicKey { try PrivateKey(generating: .p256).publicKey }
}
