// SPDX-License-Identifier: Apache-2.0

package import KelmarkConcurrency
package import Logging
package import SPIFFE

extension Logger {
    /// Writes a line that others can bring about as often as they like, if there is room for it; it says how many had none.
    /// - Parameters:
    ///   - limit: how often.
    ///   - now: by which lines are counted.
    ///   - uid: the user who brought it about; nil when nobody knows.
    package func log(
        level: Level, _ message: Message, within limit: ExplanationLimit, at now: CertificateTime, of uid: UInt32?,
        metadata: () -> Metadata
    ) {
        guard let leftOut = limit.take(at: now.seconds, for: uid) else { return }
        var fields = metadata()
        if leftOut > 0 { fields["left_out"] = "\(leftOut)" }
        log(level: level, message, metadata: fields)
    }
}
