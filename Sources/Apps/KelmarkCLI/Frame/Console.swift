// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where results, progress and hints go: results to stdout, everything else to stderr.
struct Console: Sendable {
    /// How much is said on stderr.
    enum Verbosity: Int, Sendable, Comparable {
        case quiet, normal, verbose
        static func < (left: Verbosity, right: Verbosity) -> Bool { left.rawValue < right.rawValue }
    }

    /// Whether results are JSON.
    var isJSON: Bool
    /// How much is said on stderr.
    var verbosity: Verbosity
    /// Whether stderr takes colours.
    var errorColour: Bool
    /// Whether stdout takes colours.
    var outputColour: Bool
    /// When the command began.
    let began = ContinuousClock.now

    /// Colours only for a terminal, and not with `NO_COLOR`.
    init(isJSON: Bool, verbosity: Verbosity, environment: [String: String]) {
        self.isJSON = isJSON
        self.verbosity = verbosity
        let allowed = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        errorColour = allowed && isatty(STDERR_FILENO) == 1
        outputColour = allowed && !isJSON && isatty(STDOUT_FILENO) == 1
    }

    /// Prints lines of a result; says whether standard output took them.
    @discardableResult
    func output(_ lines: [String]) -> Bool {
        guard !lines.isEmpty else { return true }
        return Self.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: STDOUT_FILENO)
    }

    /// Prints bytes of a result as they are; says whether standard output took them.
    @discardableResult
    func output(bytes: [UInt8]) -> Bool { Self.write(bytes, to: STDOUT_FILENO) }

    /// Tells how a long piece of work goes on, with the time since the command began.
    func progress(_ text: String) {
        guard verbosity > .quiet else { return }
        error("[\(elapsed)] \(text)")
    }

    /// Says something only to those who asked for more.
    func detail(_ text: String) {
        guard verbosity >= .verbose else { return }
        error("[\(elapsed)] \(text)")
    }

    /// Advice.
    func hint(_ text: String) {
        guard verbosity > .quiet else { return }
        error(paint("hint:", .cyan, isError: true) + " " + text)
    }

    /// A warning; shown unless quiet.
    func warning(_ text: String) {
        guard verbosity > .quiet else { return }
        error(paint("warning:", .yellow, isError: true) + " " + text)
    }

    /// A line on stderr, always.
    func error(_ text: String) { Self.write(Array((text + "\n").utf8), to: STDERR_FILENO) }

    /// A failure for people.
    func failure(_ failure: CommandFailure) {
        let word = failure.status == .waiting ? "waiting:" : "error:"
        error(
            paint(word, failure.status == .waiting ? .yellow : .red, isError: true)
                + " \(failure.code): \(failure.cause)")
        if !failure.next.isEmpty { error("  next: \(failure.next)") }
    }

    /// Seconds since the command began, with one digit.
    var elapsed: String { Self.seconds(ContinuousClock.now - began) }

    /// A duration as `12.3 s`.
    static func seconds(_ duration: Duration) -> String {
        let tenths = duration.components.seconds * 10 + duration.components.attoseconds / 100_000_000_000_000_000
        let whole = String(tenths / 10)
        return String(repeating: " ", count: max(0, 3 - whole.count)) + "\(whole).\(tenths % 10) s"
    }

    /// Colours that are used.
    enum Colour: Int, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    /// Puts a colour around text where colours are taken.
    func paint(_ text: String, _ colour: Colour, isError: Bool = false) -> String {
        (isError ? errorColour : outputColour) ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes all bytes. A reader that has gone away is no failure: it has read what it wanted.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count > 0 { done += count } else if errno != EINTR { return errno == EPIPE }
        }
        return true
    }
}

/// Text that came from outside, made safe for a terminal: control characters become visible escapes.
func printable(_ text: String) -> String {
    guard
        text.unicodeScalars.contains(where: {
            $0.properties.generalCategory == .control || $0.value == 0x2028 || $0.value == 0x2029
                || $0.properties.generalCategory == .format
        })
    else { return text }
    var safe = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: safe += "\\u{\(String(scalar.value, radix: 16))}"
        default: safe.unicodeScalars.append(scalar)
        }
    }
    return safe
}
