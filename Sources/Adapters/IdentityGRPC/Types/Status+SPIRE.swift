// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIREAPI

extension Spire_Api_Types_Status {
    /// What became of one item of a batch.
    init(_ refusal: IssuerError?) {
        self.init()
        code = Int32(refusal?.code.rpcCode.rawValue ?? 0)
        message = refusal?.wireMessage ?? "OK"
    }
}
