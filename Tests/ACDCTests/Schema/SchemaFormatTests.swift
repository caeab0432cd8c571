// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ACDC

struct SchemaFormatTests {
    @Test(arguments: [
        ("date-time", "2024-02-29T23:59:60Z", true), ("date-time", "2024-01-01T00:00:00.123+05:30", true),
        ("date-time", "2023-02-29T00:00:00Z", false),
        ("date-time", "2024-01-01 00:00:00Z", false), ("date-time", "2024-01-01T12:00:60Z", false),
        ("date-time", "2024-01-01T00:00:00", false),
        ("date", "2000-02-29", true), ("date", "1900-02-29", false), ("date", "2024-13-01", false),
        ("date", "2024-1-01", false), ("date", "2024-01-00", false),
        ("time", "08:30:06Z", true), ("time", "01:29:60+01:30", true), ("time", "24:00:00Z", false),
        ("time", "08:30:06", false), ("time", "08:30:06.Z", false),
        ("time", "08:30:06+24:00", false), ("duration", "P4DT12H30M5S", true), ("duration", "P2W", true),
        ("duration", "PT", false), ("duration", "P1Y2W", false),
        ("duration", "P1D2H", false), ("duration", "P", false), ("duration", "P1Y1D", false),
        ("duration", "PT1H1S", false), ("duration", "P2D1Y", false),
        ("email", "joe@example.com", true), ("email", "\"joe b\"@example.com", true),
        ("email", "joe@[127.0.0.1]", true), ("email", "joe@[IPv6:::1]", true),
        ("email", ".joe@example.com", false), ("email", "joe.@example.com", false),
        ("email", "joe..b@example.com", false), ("email", "joe", false),
        ("email", "joe@", false), ("email", "a@b c", false),
        ("hostname", "www.example.com", true), ("hostname", "-a.b", false), ("hostname", "a..b", false),
        ("hostname", "a_b", false), ("hostname", "", false),
        ("ipv4", "192.168.0.1", true), ("ipv4", "256.0.0.1", false), ("ipv4", "1.2.3", false),
        ("ipv4", "1.2.3.4.5", false), ("ipv4", "01.2.3.4", false),
        ("ipv6", "::1", true), ("ipv6", "1:2:3:4:5:6:7:8", true), ("ipv6", "::ffff:1.2.3.4", true),
        ("ipv6", "1::2::3", false), ("ipv6", "1:2:3:4:5:6:7", false),
        ("ipv6", "12345::", false), ("ipv6", ":1", false), ("ipv6", "1:2:3:4:5:6:7:8:9", false), ("ipv6", "1:", false),
        ("ipv6", "1:2:3:4:5:6:7::", true),
        ("uri", "https://a.example/b?c#d", true), ("uri", "urn:uuid:x", true), ("uri", "/a", false),
        ("uri", "http://a b", false), ("uri", "http://a/%2", false),
        ("uri", "http://[::1]:80/", true), ("uri", "http://[::1/", false), ("uri", "http://a:b/", false),
        ("uri", "http://a/[x]", false), ("uri", "a:#b#c", false),
        ("uri-reference", "/a?b", true), ("uri-reference", "1a:b", false), ("uri-reference", "a\\b", false),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", true), ("uuid", "2eb8aa08aa9811eab4aa73b441d16380", false),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d1638g", false),
        ("regex", "^a+$", true), ("regex", "(", false), ("json-pointer", "/a~0b", true), ("json-pointer", "a", false),
        ("json-pointer", "/a~2", false),
        ("ISO 17442", "5493001KJTIIGC8Y1R12", true), ("ISO 17442", "5493001KJTIIGC8Y1R13", false),
        ("ISO 17442", "5493001KJTIIGC8Y1R1", false),
        ("ISO 17442", "5493001kJTIIGC8Y1R12", false),
    ])
    func `A format, asserted`(name: String, text: String, isOf: Bool) throws {
        let format = try #require(SchemaFormat(rawValue: name))
        let result = format.matches(text.utf8.span, in: 0..<text.utf8.count)
        #expect(result == isOf)
    }

    @Test func `Formats count only when asked`() throws {
        var judge = try SchemaJudge(#"{"format":"date"}"#)
        #expect(try judge.judge(#""no""#) == .valid)
        judge.assertsFormats = true
        #expect(try !judge.judge(#""no""#).isValid)
        #expect(try !judge.judge(#""2024-01-01\n""#).isValid)
        #expect(try judge.judge(#""2024-01-01""#) == .valid)
        #expect(try judge.judge("1") == .valid)
    }

    @Test func `Unknown formats are annotations`() throws {
        var judge = try SchemaJudge(#"{"format":"mine"}"#)
        judge.assertsFormats = true
        #expect(try judge.judge(#""no""#) == .valid)
    }
}
