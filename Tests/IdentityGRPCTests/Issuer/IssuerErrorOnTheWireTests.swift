// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import SPIREAPI
import Testing

@testable import IdentityGRPC
@testable import Issuer

struct IssuerErrorOnTheWireTests {
    @Test func everyCodeHasItsStatus() {
        let numbers: [IssuerError.Code: Int] = [
            .invalidArgument: 3, .deadlineExceeded: 4, .notFound: 5, .alreadyExists: 6, .permissionDenied: 7,
            .resourceExhausted: 8, .failedPrecondition: 9, .unimplemented: 12, .internal: 13, .unavailable: 14,
        ]
        for code in IssuerError.Code.allCases { #expect(code.rpcCode.rawValue == numbers[code], "\(code)") }
        #expect(Set(IssuerError.Code.allCases.map(\.statusName)).count == IssuerError.Code.allCases.count)
    }

    @Test func onlyTheMessageIsTold() {
        let error = RPCError(IssuerError(.internal, "failed", detail: "at /var/lib"))
        #expect(error.code == .internalError)
        #expect(error.message == "failed")
        #expect(error.cause == nil)
        #expect(error.metadata.isEmpty)
    }

    @Test func messagesAreCut() {
        let long = IssuerError(
            .permissionDenied, String(repeating: "x", count: 100_000), reason: .agentBanned)
        let error = RPCError(long)
        #expect(error.message == String(repeating: "x", count: 1_024))
        #expect(error.metadata[binaryValues: RPCError.statusDetails].allSatisfy { $0.count < 2_048 })
        #expect(error.reason == .agentBanned)
        #expect(Spire_Api_Types_Status(long).message.utf8.count == 1_024)
    }

    @Test(arguments: IssuerError.Reason.allCases) func reasonsTravelInTheDetails(_ reason: IssuerError.Reason) {
        let error = RPCError(IssuerError(.permissionDenied, "no", reason: reason))
        #expect(error.reason == reason.wire)
    }

    @Test func unknownFailuresSayNothing() {
        struct Secret: Error { let path = "/var/lib/keys" }
        let told = IssuerError.telling(Secret())
        #expect(told == IssuerError(.internal, "internal error"))
        #expect(told.detail.contains("/var/lib/keys"))
        let rpc = IssuerError.telling(RPCError(code: .unknown, message: "inner"))
        #expect(rpc == IssuerError(.internal, "internal error"))
        #expect(IssuerError.telling(RPCError(code: .invalidArgument, message: "inner")).message == "malformed request")
        #expect(IssuerError.telling(CancellationError()).code == .deadlineExceeded)
    }

    @Test(arguments: [
        ("1H", Duration.seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
        ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("99999999H", .seconds(359_999_996_400)),
    ])
    func deadlinesAreRead(_ text: String, _ duration: Duration) {
        #expect(CallDeadline.duration(text) == duration)
    }

    @Test(arguments: ["", "S", "1", "1s", "-1S", "+1S", "100000000S", "1.5S", " 1S", "1S ", "١S"])
    func otherTextsAreNoDeadlines(_ text: String) { #expect(CallDeadline.duration(text) == nil) }

    @Test func requestsAreNamedByUUIDs() {
        #expect(UUIDText.version4(Array(repeating: 0xff, count: 16)) == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(UUIDText.version4(Array(0..<16)) == "00010203-0405-4607-8809-0a0b0c0d0e0f")
    }
}
