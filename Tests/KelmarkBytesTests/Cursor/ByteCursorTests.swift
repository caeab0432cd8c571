// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct ByteCursorTests {
    private let bytes: [UInt8] = [10, 11, 12, 13, 14]

    @Test func `A cursor walks forward and stops at the end`() throws {
        var cursor = ByteCursor(bytes.span)
        var seen: [UInt8] = []
        while let next = cursor.next {
            #expect(cursor.peek(0) == next)
            seen.append(try cursor.u8())
        }
        let (atEnd, remaining, offset) = (cursor.isAtEnd, cursor.remaining, cursor.offset)
        #expect(seen == bytes)
        #expect(atEnd && remaining == 0 && offset == 5)
        do {
            _ = try cursor.u8()
            Issue.record("read past the end")
        } catch {
            #expect(error == CursorError(offset: 5, needed: 1, available: 0))
        }
    }

    @Test func `Peeking takes nothing and stays inside`() {
        let cursor = ByteCursor(bytes.span)
        let seen = [cursor.peek(0), cursor.peek(4), cursor.peek(5), cursor.peek(-1), cursor.peek(.max)]
        #expect(seen == [10, 14, nil, nil, nil])
        #expect(cursor.offset == 0)
    }

    @Test func `Taking and skipping are bounded`() throws {
        var cursor = ByteCursor(bytes.span, base: 100)
        let first = try cursor.take(2)
        let copied = [first[0], first[1]]
        #expect(copied == [10, 11])
        try cursor.skip(1)
        #expect(cursor.offset == 103)
        for count in [3, -1, .max, .min] {
            do {
                _ = try cursor.take(count)
                Issue.record("took \(count)")
            } catch {
                #expect(error == CursorError(offset: 103, needed: count, available: 2))
            }
            do {
                try cursor.skip(count)
                Issue.record("skipped \(count)")
            } catch {
                #expect(error == CursorError(offset: 103, needed: count, available: 2))
            }
        }
        #expect(cursor.remaining == 2)
        let last = try cursor.take(2)[1]
        #expect(last == 14)
        let nothing = try cursor.take(0).count
        #expect(nothing == 0)
    }

    @Test func `A child can't read past its part and knows its place`() throws {
        var cursor = ByteCursor(bytes.span, base: 7)
        try cursor.skip(1)
        var child = try cursor.sub(2)
        #expect(cursor.offset == 10)
        let first = try child.u8()
        #expect(first == 11 && child.offset == 9)
        try child.skip(1)
        do {
            _ = try child.u8()
            Issue.record("read past the child")
        } catch {
            #expect(error == CursorError(offset: 10, needed: 1, available: 0))
        }
        do {
            _ = try cursor.sub(3)
            Issue.record("made too large a child")
        } catch {
            #expect(error == CursorError(offset: 10, needed: 3, available: 2))
        }
    }

    @Test func `The standard limits are what they say`() {
        #expect(Limits() == .standard)
        #expect(Limits.standard.bodyBytes == 4 << 20)
        #expect(Limits.standard.attachmentBytes == 4 << 20)
        #expect(Limits.standard.nestingDepth == 64)
        #expect(Limits.standard.documentValues == 1 << 18)
        #expect(Limits.standard.groupElements == 4096)
        #expect(Limits.standard.groupDepth == 8)
        #expect(Limits.standard.bufferedBytes == 16 << 20)
    }
}
