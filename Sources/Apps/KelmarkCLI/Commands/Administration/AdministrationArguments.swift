// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import SPIFFE

/// Reads what is typed on the command line about an issuer's entries and nodes. Each throws a `ValidationError` that says
/// what is wrong with the text.
enum Typed {
    /// A SPIFFE ID with a path.
    static func id(_ text: String) throws -> IDRecord {
        do {
            let id = try SPIFFEID(text)
            guard !id.isTrustDomainID else { throw ValidationError("\"\(text)\" names a trust domain, not a workload") }
            return IDRecord(trustDomain: id.trustDomain.name, path: id.path)
        } catch let error as SPIFFEIDError {
            throw ValidationError(
                error.code == .trailingSlash
                    ? "path cannot have a trailing slash" : "\"\(text)\" is no SPIFFE ID: \(error)")
        }
    }

    /// A trust domain by its name or its ID; the bare name.
    static func trustDomain(_ text: String) throws -> String {
        do {
            return try TrustDomain(nameOrID: text).name
        } catch {
            throw ValidationError("\"\(text)\" is no trust domain: \(error)")
        }
    }

    /// A trust domain as it goes into an entry: spelled as it was typed, once it is known to be one.
    static func federated(_ text: String) throws -> String {
        _ = try trustDomain(text)
        return text
    }

    /// `type:value`.
    static func selector(_ text: String) throws -> SelectorRecord {
        guard let colon = text.firstIndex(of: ":") else {
            throw ValidationError("selector \"\(text)\" must be formatted as type:value")
        }
        return try selector(type: String(text[..<colon]), value: String(text[text.index(after: colon)...]))
    }

    /// A selector of its parts.
    static func selector(type: String, value: String) throws -> SelectorRecord {
        do {
            let selector = try Selector(type: type, value: value)
            return SelectorRecord(type: selector.type, value: selector.value)
        } catch {
            throw ValidationError("\"\(type):\(value)\" is no selector: \(error.rawValue)")
        }
    }

    /// Seconds, or numbers with units as Go's programs take them, and with `d` for days: `1h30m`, `1.5h`, `7d`.
    /// What is left of a second counts as one, as in SPIRE's tools.
    static func lifetime(_ text: String) throws -> Int32 {
        guard let seconds = Int32(text) ?? DurationText(text)?.seconds, seconds >= 0 else {
            throw ValidationError(
                "\"\(text)\" is no lifetime: seconds, or numbers with d, h, m or s, as in 7d, 1h30m and 1.5h")
        }
        return seconds
    }

    /// Seconds since 1970, or `YYYY-MM-DDThh:mm:ssZ`.
    static func moment(_ text: String) throws -> Int64 {
        if let seconds = Int64(text), seconds >= 0, CertificateTime(seconds: seconds) != nil { return seconds }
        guard let time = CertificateTime(text) else {
            throw ValidationError("\"\(text)\" is no moment: seconds since 1970, or 2027-01-31T12:00:00Z")
        }
        return time.seconds
    }

    /// What is left over of several ways to say one thing, when exactly one of them was used.
    static func only<Value>(_ values: Value?..., or complaint: String) throws -> Value {
        let given = values.compactMap { $0 }
        guard given.count == 1 else { throw usage(complaint) }
        return given[0]
    }

    /// A command line that can't be meant.
    static func usage(_ cause: String) -> CommandFailure { CommandFailure("KM-USAGE", cause) }
}

extension MatchBehaviour: ExpressibleByArgument {}
extension BundleRemoval: ExpressibleByArgument {}
extension LogLevelRecord: ExpressibleByArgument {}
