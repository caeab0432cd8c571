// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// How one of several issuers or agents on a machine is named: a variable of SPIRE's tools has a template of the socket's
/// path, in which `%i` stands for the name. Facts (SPIFFE) 18.
enum SocketInstance: String, Sendable {
    /// Where operators ask an issuer.
    case issuer = "SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE"
    /// Where workloads ask an agent.
    case workload = "SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE"
    /// Where operators ask an agent.
    case agent = "SPIRE_AGENT_PRIVATE_SOCKET_TEMPLATE"

    static var option: NameSpecification { .also("instance", as: "instance") }
    private static let placeholder = "%i"

    var help: ArgumentHelp {
        ArgumentHelp("Which of several: what \(Self.placeholder) stands for in \(rawValue).", valueName: "name")
    }

    /// The socket of an instance; nil when none is named.
    /// - Throws: ``CommandFailure`` when the variable has no template for it.
    func path(of name: String?, _ environment: [String: String]) throws(CommandFailure) -> String? {
        guard let name, !name.isEmpty else { return nil }
        guard let template = environment[rawValue], template.contains(Self.placeholder) else {
            throw Typed.usage("an instance needs a path with \(Self.placeholder) in the variable \(rawValue)")
        }
        guard !name.contains("/") else { throw Typed.usage("the name of an instance has no slash") }
        return template.replacing(Self.placeholder, with: name)
    }
}
