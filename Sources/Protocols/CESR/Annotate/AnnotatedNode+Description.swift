// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

extension AnnotatedNode {
    /// What the part is, in words, without its value.
    var title: String {
        switch content {
        case .message: return "message, \(range.count) bytes"
        case .body(let version, _):
            let name = "\(version.protocol.text) \(version.major).\(version.minor)"
            return "body, \(name), \(version.format.text), \(range.count) bytes"
        case .group(let counter):
            guard counter.code.kind != .genusVersion else {
                let (major, minor, patch) = (counter.count >> 12, counter.count >> 6 & 63, counter.count & 63)
                return "\(counter.text)  CESR \(major).\(minor).\(patch) from here on"
            }
            let unit = domain == .binary ? "triplet" : "quadlet"
            let what = counter.code.countsElements ? "element" : unit
            let amount = "\(counter.count) \(what)\(counter.count == 1 ? "" : "s")"
            let spelled = domain == .binary ? ", binary" : ""
            return "\(counter.text)  \(role.isEmpty ? "" : role + ": ")\(counter.code.kind.name), \(amount)\(spelled)"
        case .primitive(let primitive):
            let name = primitive.formatName
            return role.isEmpty ? name : "\(role) (\(name))"
        case .signature(let signature):
            let second = signature.ondex.map { $0 == signature.index ? "" : ", \($0) in the prior next list" }
            return "\(signature.code.name), index \(signature.index)\(second ?? "")"
        case .opaque(let preview):
            let shown = preview.map { 0x20..<0x7f ~= $0 ? String(UnicodeScalar($0)) : "." }.joined()
            let rest = preview.count < range.count ? "…" : ""
            return "\(range.count) \(range.count == 1 ? "byte" : "bytes"): \(shown)\(rest)"
        case .fault(let explanation): return "FAULT: \(explanation)"
        }
    }

    /// The value of a primitive in the form that its code or role asks for, when the code's text does not show it.
    var decoded: String? {
        guard case .primitive(let primitive) = content else { return nil }
        switch primitive.code {
        case .salt128:
            let isOrdinal = role == "sequence number" || role == "first-seen ordinal" || role == "s"
            return isOrdinal ? primitive.ordinal.map { String($0) } : nil
        case .dateTime: return try? DateTime(primitive).text
        default: break
        }
        if primitive.code.isNumber { return Number(primitive).map { String($0.value) } }
        return primitive.labelText
    }

    /// The text form of a primitive or signature.
    var spelling: String? {
        switch content {
        case .primitive(let primitive): primitive.text
        case .signature(let signature): signature.text
        default: nil
        }
    }
}

extension Primitive {
    /// What the code stands for, in words.
    var formatName: String {
        let format =
            tag.isEmpty
            ? PrimitiveFormat(code) ?? PrimitiveFormat(code, table: .version2) : PrimitiveFormat(code, table: .version2)
        return format.map { "\($0.name)" } ?? code.text
    }
}
