// SPDX-License-Identifier: Apache-2.0

internal import KERI

extension RegistryEvent {
    /// Whether the event ends a credential.
    var isRevocation: Bool { kind.isRevocation }

    /// The registry that the event belongs to; nil when it names two.
    var registryNamed: SAID? {
        switch kind {
        case .registryInception, .registryRotation: subject
        case .issuance, .revocation: registry
        default:
            registryAnchor.flatMap { SAID($0.aid.primitive) }.flatMap { named in
                registry.map { $0 == named } ?? true ? named : nil
            }
        }
    }
}

/// Traits of registries that this implementation acts on (facts 13.1).
public enum RegistryTrait {
    /// The registry has no backers and never will.
    public static let noBackers = "NB"
}
