// SPDX-License-Identifier: Apache-2.0

extension CommandFailure {
    /// The commands that list what the commands of a group are about.
    private static let lists = [
        "entry": "entry list", "node": "node list", "bundle": "bundle list", "federation": "federation list",
        "localauthority x509": "localauthority x509 show", "localauthority jwt": "localauthority jwt show",
        "upstreamauthority": "localauthority x509 show",
    ]

    /// The same failure with advice that fits the command: what there is, the list of the command's own group tells.
    /// - Parameter path: the words of the command after `kelmark`.
    func advised(for path: String) -> CommandFailure {
        let codes = [ErrorArea.administration.code("not-found"), ErrorArea.administration.code("exists")]
        guard codes.contains(code), next == ErrorCatalog.entry(code)?.next else { return self }
        let list = Self.lists.first { path.hasPrefix($0.key + " ") }?.value ?? "entry list"
        return CommandFailure(code, cause, next: "\(Product.command) \(list)", data: data)
    }
}
