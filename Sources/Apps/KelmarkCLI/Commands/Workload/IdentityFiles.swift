// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import IdentityGRPC
internal import SPIFFE

/// The files into which a workload's identities are written, by SPIRE's names.
///
/// The folder shows one state: what an earlier state left there and this one has no more is removed, because what is
/// absent must not be used. Facts (SPIFFE) 8.2.
struct IdentityFiles {
    let folder: String

    /// Writes everything, and tells of each file. Keys are made with mode 0600, the folder with 0700 where there is none.
    func write(_ state: WorkloadCalls.X509State) throws -> [String] {
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw CommandFailure("KM-INPUT-UNWRITABLE", "\(folder) can't be made: \(systemMessage())")
        }
        var lines: [String] = []
        let federated = state.federatedBundles.sorted { $0.key < $1.key }
        for (index, identity) in state.identities.enumerated() {
            let svid = path("svid.\(index).pem")
            try write(CertificateEncoding.pem(WorkloadView.read(identity.chain, identity.id)), to: svid)
            let key = path("svid.\(index).key")
            try DurableFile.writeSecret(Array(CertificateEncoding.pem(pkcs8: identity.key).utf8), to: key)
            let bundle = path("bundle.\(index).pem")
            try write(CertificateEncoding.pem(WorkloadView.read(identity.bundle, identity.id)), to: bundle)
            lines += [
                "Writing SVID #\(index) to file \(svid).", "Writing key #\(index) to file \(key).",
                "Writing bundle #\(index) to file \(bundle).",
            ]
            for (number, (domain, der)) in federated.enumerated() {
                let file = path("federated_bundle.\(index).\(number).pem")
                try write(CertificateEncoding.pem(WorkloadView.read(der, domain)), to: file)
                lines.append("Writing federated bundle #\(index) for trust domain \(domain) to file \(file).")
            }
            lines += try removeFederated(of: index, from: federated.count)
        }
        return (lines + (try remove(from: state.identities.count))).map(printable)
    }

    /// Removes the files of an earlier state, and tells of each: those of all identities from a number on.
    func remove(from first: Int) throws -> [String] {
        var lines: [String] = []
        var index = first
        while true {
            // The key first: who finds a certificate without it can do nothing wrong.
            var removed = try remove(["svid.\(index).key", "svid.\(index).pem", "bundle.\(index).pem"])
            removed += try removeFederated(of: index, from: 0)
            guard !removed.isEmpty else { return lines }
            lines += removed
            index += 1
        }
    }

    private func removeFederated(of index: Int, from first: Int) throws -> [String] {
        var lines: [String] = []
        var number = first
        while true {
            let removed = try remove(["federated_bundle.\(index).\(number).pem"])
            guard !removed.isEmpty else { return lines }
            lines += removed
            number += 1
        }
    }

    private func remove(_ names: [String]) throws -> [String] {
        try names.compactMap { name -> String? in
            let file = path(name)
            if unlink(file) == 0 { return "Removing file \(file)." }
            guard errno == ENOENT else {
                throw CommandFailure("KM-INPUT-UNWRITABLE", "\(file) can't be removed: \(systemMessage())")
            }
            return nil
        }
    }

    private func path(_ name: String) -> String { folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)" }

    private func write(_ text: String, to path: String) throws {
        try DurableFile.writeOutput(Array(text.utf8), to: path)
    }
}
