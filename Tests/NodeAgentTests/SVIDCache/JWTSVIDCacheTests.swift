// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

struct JWTSVIDCacheTests {
    let id = try! SPIFFEID("spiffe://example.org/web")

    private func key(_ audience: String..., entry: String = "a") -> JWTSVIDCache.Key {
        JWTSVIDCache.Key(entryID: entry, id: id, audience: audience)
    }

    private func issued(_ token: String, lifetime: Int64 = 300) -> IssuedJWTSVID {
        IssuedJWTSVID(token: token, issuedAt: Sample.now, expiresAt: Sample.now.advanced(by: lifetime))
    }

    @Test func `a token is for one identity and one set of audiences`() {
        #expect(key("a", "b") == key("b", "a"))
        #expect(key("a", "a") == key("a"))
        #expect(key("a") != key("b"))
        #expect(key("ab") != key("a", "b"))
        #expect(key("a") != key("a", entry: "b"))
        #expect(key("\u{e9}") != key("e\u{301}"))
        #expect(key("a") != JWTSVIDCache.Key(entryID: "a", id: Sample.agentID, audience: ["a"]))
    }

    @Test func `it is fresh in the first half of its life, and gone at its end`() {
        var cache = JWTSVIDCache(capacity: 10)
        cache.put(issued("t"), keyID: "k", for: key("a"))
        #expect(cache.token(for: key("a"), at: Sample.now.advanced(by: 149))?.isFresh == true)
        #expect(cache.token(for: key("a"), at: Sample.now.advanced(by: 150))?.isFresh == false)
        #expect(cache.token(for: key("a"), at: Sample.now.advanced(by: 299)) != nil)
        #expect(cache.token(for: key("a"), at: Sample.now.advanced(by: 300)) == nil)
        #expect(cache.count == 0)
    }

    @Test func `one that was issued while the clocks were ahead is not fresh, but better than none`() {
        var cache = JWTSVIDCache(capacity: 10)
        cache.put(issued("t"), keyID: "k", for: key("a"))
        let skew = JWTSVIDCache.toleratedSkew
        #expect(cache.token(for: key("a"), at: Sample.now.advanced(by: -skew))?.isFresh == true)
        #expect(cache.token(for: key("a"), at: Sample.now.advanced(by: -skew - 1))?.isFresh == false)
    }

    @Test func `the one that nobody used for longest makes room`() {
        var cache = JWTSVIDCache(capacity: 2)
        for name in ["a", "b"] { cache.put(issued(name), keyID: "k", for: key(name)) }
        _ = cache.token(for: key("a"), at: Sample.now)
        cache.put(issued("c"), keyID: "k", for: key("c"))
        #expect(cache.count == 2)
        #expect(cache.token(for: key("b"), at: Sample.now) == nil)
        #expect(cache.token(for: key("a"), at: Sample.now)?.issued.token == "a")
    }

    @Test func `tokens of keys that are not trusted any more are forgotten`() {
        var cache = JWTSVIDCache(capacity: 10)
        cache.put(issued("a"), keyID: "good", for: key("a"))
        cache.put(issued("b"), keyID: "bad", for: key("b"))
        cache.keepOnly(keyIDs: ["good"])
        #expect(cache.token(for: key("a"), at: Sample.now) != nil)
        #expect(cache.token(for: key("b"), at: Sample.now) == nil)
    }
}
