// SPDX-License-Identifier: Apache-2.0

package import SPIFFE
internal import Synchronization

/// A value of a test that is changed while others look at it: an own identity or a bundle that rotates, for instance, as a
/// source of which it serves.
package final class Current<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    /// Starts with a value.
    package init(_ value: Value) { state = Mutex(value) }

    /// The value of now.
    package var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

extension Current: SVIDSource where Value == X509SVID {
    /// The identity of now.
    package func x509SVID() -> X509SVID { value }
}

extension Current: BundleSource where Value == TrustBundle? {
    /// The bundle of now, where it is of that trust domain.
    package func bundle(of trustDomain: TrustDomain) -> TrustBundle? {
        value.flatMap { $0.trustDomain == trustDomain ? $0 : nil }
    }
}
