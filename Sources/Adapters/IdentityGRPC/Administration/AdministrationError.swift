// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import SPIREAPI
internal import SwiftProtobuf

/// Why a call to an issuer, or to a Workload API, did not do what was asked.
package struct AdministrationError: Error, Hashable, Sendable {
    /// What kind of refusal it is.
    package let code: Code
    /// The peer's own words, or the system's when nobody answered.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: RPCError) {
        code = Code(number: Int32(error.code.rawValue))
        message = error.message
    }

    /// The codes of gRPC, and one for a socket at which nobody answers.
    package enum Code: Int32, Hashable, Sendable, CaseIterable {
        /// Nobody answers at the socket, or it may not be opened.
        case unreachable = -1
        case cancelled = 1
        case unknown = 2
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case alreadyExists = 6
        case permissionDenied = 7
        case resourceExhausted = 8
        case failedPrecondition = 9
        case aborted = 10
        case outOfRange = 11
        case unimplemented = 12
        case internalError = 13
        case unavailable = 14
        case dataLoss = 15
        case unauthenticated = 16

        /// The code of a number on the wire; what is not known is ``unknown``.
        package init(number: Int32) { self = number > 0 ? Self(rawValue: number) ?? .unknown : .unknown }

        /// Its name as gRPC's own tools print it.
        package var name: String {
            switch self {
            case .unreachable: "Unreachable"
            case .cancelled: "Canceled"
            case .unknown: "Unknown"
            case .invalidArgument: "InvalidArgument"
            case .deadlineExceeded: "DeadlineExceeded"
            case .notFound: "NotFound"
            case .alreadyExists: "AlreadyExists"
            case .permissionDenied: "PermissionDenied"
            case .resourceExhausted: "ResourceExhausted"
            case .failedPrecondition: "FailedPrecondition"
            case .aborted: "Aborted"
            case .outOfRange: "OutOfRange"
            case .unimplemented: "Unimplemented"
            case .internalError: "Internal"
            case .unavailable: "Unavailable"
            case .dataLoss: "DataLoss"
            case .unauthenticated: "Unauthenticated"
            }
        }
    }
}

/// What became of one item of a batch. The call as a whole succeeds even when every item failed. Facts (SPIFFE) 15.4.
package struct ItemStatus: Hashable, Sendable {
    /// 0 when it was done, else a code of gRPC.
    package let code: Int32
    /// `OK`, or why it was not done.
    package let message: String

    package init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    init(_ status: Spire_Api_Types_Status) {
        code = status.code
        message = status.message
    }

    /// Whether the item was done.
    package var isOK: Bool { code == 0 }

    /// The item's failure as the failure of a call; nil when it was done.
    package var error: AdministrationError? {
        isOK ? nil : AdministrationError(AdministrationError.Code(number: code), message)
    }
}

/// One item of a batch: what became of it, and the thing itself as far as the server sent it.
package struct RecordResult<Item: Hashable & Sendable>: Hashable, Sendable {
    package let status: ItemStatus
    /// What was made or changed; of a refused creation the thing that stands in its way, if the server sends it.
    package let item: Item?

    package init(status: ItemStatus, item: Item?) {
        self.status = status
        self.item = item
    }
}
