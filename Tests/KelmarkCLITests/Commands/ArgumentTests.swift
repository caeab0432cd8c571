// SPDX-License-Identifier: Apache-2.0

import KERI
import Testing

@testable import KelmarkCLI

@Suite struct ArgumentTests {
    @Test(arguments: [
        ("2", "2"), ("1/2,1/2,1/4", "1/2, 1/2, 1/4"), ("1/2,1/2+1,1", "1/2, 1/2 and 1, 1"), ("1", "1"),
    ])
    func thresholdsAreRead(text: String, summary: String) {
        #expect(ThresholdArgument(argument: text)?.threshold.summary == summary)
    }

    @Test(arguments: ["", "-1", "1/2", "1/2,1/3", "2/1", "1/2,,1/2", "1/2,1/2+", "a", "1.5", "4294967296"])
    func malformedThresholdsAreRefused(text: String) { #expect(ThresholdArgument(argument: text) == nil) }

    @Test func numbersAreReadStrictly() {
        #expect(NumberList(argument: "0,2,10")?.numbers == [0, 2, 10])
        for text in ["", ",", "1,", "-1", "01", "1 ,2", "x"] { #expect(NumberList(argument: text) == nil, "\(text)") }
    }

    /// A number with a unit, and as Go prints and takes durations.
    @Test(arguments: [
        ("60s", Int64(60)), ("5m", 300), ("1h", 3600), ("30d", 2_592_000), ("3650d", 315_360_000), ("720h", 2_592_000),
        ("1h30m", 5400), ("24h0m0s", 86_400), ("1.5h", 5400), ("0h1m0s", 60), ("1d12h", 129_600),
    ])
    func lifetimesAreRead(text: String, seconds: Int64) {
        #expect(LifetimeArgument(argument: text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "1", "3600", "h", "0h", "-1h", "59s", "0h0m59s", "4000d", "3650d1s", "1w", "1h30", "1h-30m", "1h 30m",
        "99999999999d",
    ])
    func otherLifetimesAreRefused(text: String) { #expect(LifetimeArgument(argument: text) == nil) }

    @Test(arguments: [
        ("1s", Int64(1)), ("5s", 5), ("1m", 60), ("60m", 3600), ("3600s", 3600), ("1h", 3600), ("1m30s", 90),
        ("0h0m5s", 5), ("1.5m", 90),
    ])
    func intervalsAreRead(text: String, seconds: Int64) {
        #expect(IntervalArgument(argument: text)?.interval == .seconds(seconds))
    }

    @Test(arguments: ["", "1", "s", "0s", "0h0m0s", "-1s", "61m", "1h1s", "2h", "1d", "1w", "1m30"])
    func otherIntervalsAreRefused(text: String) { #expect(IntervalArgument(argument: text) == nil) }

    @Test func positionsAndSealsAreRead() {
        let aid = "EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj"
        #expect(SequenceNumberArgument(argument: "1f")?.sn.value == 31)
        for text in ["", "1F", "01", "x", "-1"] { #expect(SequenceNumberArgument(argument: text) == nil, "\(text)") }
        #expect(SealArgument(argument: "\(aid):a:\(aid)")?.seal.sn.value == 10)
        for text in ["", aid, "\(aid):0", "\(aid):0:x", "x:0:\(aid)", "\(aid):0:\(aid):1"] {
            #expect(SealArgument(argument: text) == nil, "\(text)")
        }
    }

    @Test func identifiersHaveOneSpelling() {
        #expect(IdentifierArgument<AID>(argument: "EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj") != nil)
        for text in [
            "", "E", "EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-OR", "EAWnmLi7pxQ/xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj",
        ] {
            #expect(IdentifierArgument<AID>(argument: text) == nil, "\(text)")
        }
    }

    @Test(arguments: ["spiffe://acme.example", "spiffe://acme.example/", "https://acme.example/web", "acme/web", ""])
    func whatIsNoWorkloadIsRefused(text: String) { #expect(SPIFFEIDArgument(argument: text) == nil) }
}
