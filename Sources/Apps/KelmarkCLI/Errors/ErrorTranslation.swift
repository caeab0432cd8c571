// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import IdentityGRPC
internal import Issuer
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import NodeAgent
internal import SPIFFE
internal import TrustBinding

/// Gives every error of the layers below its code in the catalogue. Nothing is decided by the words of an error.
enum ErrorTranslation {
    /// The failure that a command ends with.
    static func failure(for error: any Error) -> CommandFailure {
        switch error {
        case let failure as CommandFailure: failure
        case let error as VaultError: self.failure(for: error)
        case let error as CryptoError: CommandFailure(code(for: error), "\(error)")
        case let error as StoreError: CommandFailure(code(for: error.code), error.detail)
        case let rejection as Rejection: failure(for: rejection, of: "the event")
        case let error as MessageError: failure(for: error, at: 0)
        case let error as DocumentError:
            CommandFailure(code(for: error.code), "\(summary(code(for: error.code))) (byte \(error.offset))")
        case let error as CESRError:
            CommandFailure(code(for: error.kind), "\(summary(code(for: error.kind))) (byte \(error.offset))")
        case let error as Base64Error:
            CommandFailure(ErrorArea.codec.code("base64"), "\(error)")
        case let error as ThresholdError: CommandFailure(code(for: error), summary(code(for: error)))
        case let error as EventBuilder.Failure: self.failure(for: error)
        case let error as ControllerError: CommandFailure(code(for: error.code), error.detail)
        case let error as RecordError:
            CommandFailure(ErrorArea.record.code(error.code.rawValue), "\(error)")
        case let error as SignedSuspension.Fault:
            CommandFailure(ErrorArea.record.code(error.rawValue), summary(ErrorArea.record.code(error.rawValue)))
        case let error as IssuerError:
            CommandFailure(
                ErrorArea.issuer.code("service"),
                [error.message, error.detail].filter { !$0.isEmpty }.joined(separator: ": "))
        case let error as IssuerStoreError: CommandFailure(ErrorArea.issuer.code("store"), "\(error)")
        case let error as BootstrapError: CommandFailure(ErrorArea.agent.code("no-trust"), "\(error)")
        case let error as IssuerClientError: CommandFailure(ErrorArea.agent.code("stopped"), "\(error)")
        case let reason as AgentPhase.StopReason: CommandFailure(code(for: reason), summary(code(for: reason)))
        case let error as AgentRecordError: CommandFailure(code(for: error), summary(code(for: error)))
        case let error as ListenerError: CommandFailure(code(for: error.code), "\(error)")
        case let error as AuthorityCredentialError:
            CommandFailure(ErrorArea.issuer.code("limits-malformed"), "\(error)")
        case let error as ProofFileError:
            CommandFailure(ErrorArea.proofFile.code(error.code.rawValue), "\(error)")
        case let error as IssuanceError:
            CommandFailure(ErrorArea.certificate.code(error.code.rawValue), "\(error)")
        case let error as CertificateRequestError:
            CommandFailure(ErrorArea.request.code(error.code.rawValue), "\(error)")
        case let error as EvidenceFault:
            CommandFailure(ErrorArea.evidence.code(error.code.rawValue), error.detail)
        case let error as TransportError: CommandFailure("KM-WATCHER-UNREACHABLE", error.detail)
        case let error as WatcherError: CommandFailure("KM-WATCHER-REFUSED", error.detail)
        case let error as IntroductionError:
            CommandFailure(ErrorArea.introduction.code(error.code.rawValue), error.detail)
        case let error as SchemaError:
            CommandFailure(code(for: error.code), "\(error.place.isEmpty ? "" : "\(error.place): ")\(error.words)")
        case let error as CredentialError:
            CommandFailure(ErrorArea.credential.code("form-\(error.code.name)"), "\(error)")
        case let error as IssuingError: CommandFailure(code(for: error.code), error.detail)
        case let rejection as CredentialRejection:
            CommandFailure(code(for: rejection), summary(code(for: rejection)))
        case let error as CredentialBuilder.Failure:
            CommandFailure(code(for: IssuingError.Code.notWritable), "\(error)")
        case let error as GroupError: CommandFailure(code(for: error.code), error.detail)
        case let error as PostError: CommandFailure(code(for: error.code), error.detail)
        case let error as ChallengeError: CommandFailure(code(for: error.code), error.detail)
        case let error as ExchangeError: CommandFailure(code(for: error), error.detail)
        case let error as DIDError: CommandFailure(code(for: error.code), error.detail)
        case let error as AdministrationError: CommandFailure(code(for: error.code), error.message)
        case is CancellationError: CommandFailure("KM-INTERNAL", "the command was interrupted")
        default: CommandFailure("KM-INTERNAL", "an error without a name: \(type(of: error))")
        }
    }

    private static func summary(_ code: String) -> String { ErrorCatalog.entry(code)?.summary ?? code }

    /// The code of what speaks against a credential, by its stable name; nil for none of ours.
    static func credentialCode(_ name: String) -> String? {
        let codes = [ErrorArea.credential.code(name), ErrorArea.exchange.code(name), ErrorArea.waiting.code(name)]
        return codes.first { ErrorCatalog.entry($0) != nil }
    }

    // MARK: KERI

    /// A refused event.
    static func failure(for rejection: Rejection, of subject: String) -> CommandFailure {
        let code = code(for: rejection)
        return CommandFailure(code, "\(subject) was refused: \(summary(code))")
    }

    static func code(for rejection: Rejection) -> String { ErrorArea.event.code(rejection.rawValue) }
    static func code(for reason: EscrowReason) -> String { ErrorArea.waiting.code(reason.rawValue) }
    static func code(for rejection: CredentialRejection) -> String { ErrorArea.credential.code(rejection.rawValue) }
    static func code(for reason: CredentialEscrowReason) -> String { ErrorArea.waiting.code(reason.rawValue) }
    static func code(for code: SchemaError.Code) -> String { ErrorArea.schema.code(code.rawValue) }
    static func code(for code: IssuingError.Code) -> String { ErrorArea.credential.code(code.rawValue) }
    static func code(for code: StoreError.Code) -> String { ErrorArea.store.code(code.rawValue) }

    /// A body that is no message, found at an offset of its stream.
    static func failure(for error: MessageError, at offset: Int) -> CommandFailure {
        if case .document(let inner) = error.code {
            let code = code(for: inner.code)
            return CommandFailure(code, "\(summary(code)) (byte \(offset + inner.offset))")
        }
        let code = ErrorArea.message.code(error.code.name)
        var cause = summary(code)
        if case .badValue(let member) = error.code { cause = "Member \(member) has a malformed value." }
        return CommandFailure(code, "\(cause) (byte \(offset + error.offset))")
    }

    /// Bytes of a stream that can't be framed.
    static func failure(for fault: StreamFault) -> CommandFailure {
        let code = code(for: fault.kind)
        return CommandFailure(code, "\(summary(code)) (byte \(fault.offset))")
    }

    static func code(for code: ControllerError.Code) -> String {
        switch code {
        case .thresholdTooHigh: ErrorArea.threshold.code("too-high")
        case .bookDamaged: ErrorArea.home.code("damaged")
        case .bookTooNew: ErrorArea.home.code("too-new")
        default: ErrorArea.identifier.code(code.rawValue)
        }
    }

    static func code(for kind: StreamFault.Kind) -> String {
        switch kind {
        case .coldStart: ErrorArea.message.code("framing")
        case .invalidVersion: ErrorArea.message.code("version-string")
        case .unsupportedVersion: ErrorArea.message.code("unsupported-version")
        case .bodyTooLarge, .bufferFull: ErrorArea.message.code("too-large")
        case .attachment(let kind): code(for: kind)
        case .truncated: ErrorArea.message.code("truncated")
        }
    }

    static func failure(for error: EventBuilder.Failure) -> CommandFailure {
        switch error {
        case .notTransferable: CommandFailure("KM-AID-ENDED", "the AID can have no further events")
        case .sequenceExhausted: CommandFailure("KM-EVENT-NOT-WRITABLE", "the log is at its last position")
        case .encoding: CommandFailure("KM-EVENT-NOT-WRITABLE", "a value can't be written in this format")
        case .refused(let error): failure(for: error, at: 0)
        }
    }

    static func code(for code: GroupError.Code) -> String { ErrorArea.group.code(code.rawValue) }
    static func code(for code: PostError.Code) -> String { ErrorArea.post.code(code.rawValue) }
    static func code(for refusal: ExchangeRefusal) -> String { ErrorArea.exchange.code(refusal.rawValue) }
    static func code(for error: ExchangeError) -> String {
        error.refusal.map(code) ?? ErrorArea.exchange.code(error.code.rawValue)
    }
    static func code(for code: ChallengeError.Code) -> String { ErrorArea.challenge.code(code.rawValue) }
    static func code(for code: DIDError.Code) -> String { ErrorArea.did.code(code.rawValue) }

    // MARK: Servers

    /// The code of why an agent stopped.
    static func code(for reason: AgentPhase.StopReason) -> String {
        switch reason {
        case .attestationDenied: ErrorArea.agent.code("not-believed")
        case .banned: ErrorArea.agent.code("banned")
        case .cannotReattest, .requested: ErrorArea.agent.code("stopped")
        }
    }

    /// The code of why what an agent kept is not used.
    static func code(for error: AgentRecordError) -> String {
        switch error {
        case .inUse: ErrorArea.agent.code("in-use")
        case .permissionsTooOpen, .foreignOwner: ErrorArea.agent.code("record-exposed")
        case .malformed, .version, .otherTrustDomain, .notAFile, .tooLarge: ErrorArea.agent.code("record")
        }
    }

    /// The code of why nothing can be listened at.
    static func code(for code: ListenerError.Code) -> String {
        code == .folder ? "KM-FOLDER-SHARED" : "KM-ADDRESS-TAKEN"
    }

    /// The code of what an issuer refused.
    static func code(for code: AdministrationError.Code) -> String {
        let name =
            switch code {
            case .unreachable: "unreachable"
            case .permissionDenied, .unauthenticated: "denied"
            case .invalidArgument, .outOfRange: "invalid"
            case .notFound: "not-found"
            case .alreadyExists: "exists"
            case .failedPrecondition, .aborted: "conflict"
            case .resourceExhausted: "busy"
            case .deadlineExceeded, .cancelled: "timeout"
            case .unavailable: "unavailable"
            case .unimplemented: "not-served"
            case .internalError, .unknown, .dataLoss: "failed"
            }
        return ErrorArea.administration.code(name)
    }

    // MARK: Codecs and cryptography

    static func code(for code: DocumentError.Code) -> String { ErrorArea.document.code("\(code)") }

    static func code(for kind: CESRError.Kind) -> String { ErrorArea.codec.code(name(of: "\(kind)")) }

    static func code(for error: CryptoError) -> String { ErrorArea.crypto.code(name(of: "\(error)")) }

    static func code(for error: ThresholdError) -> String { ErrorArea.threshold.code("\(error)") }

    /// The name of an enumeration case without its values.
    private static func name(of description: String) -> String {
        String(description.prefix { $0.isLetter || $0.isNumber })
    }

    static func code(for error: VaultError) -> String { ErrorArea.vault.code(error.code) }

    private static func failure(for error: VaultError) -> CommandFailure {
        let code = code(for: error)
        let detail: String =
            switch error {
            case .vaultTooNew(let version): "the vault has version \(version)"
            case .damaged(let part): "the \(part.rawValue) of the vault is damaged"
            case .permissionsTooOpen(let mode): "the vault file has mode \(String(mode, radix: 8)), not 600"
            case .noSuchName(let name): "the vault has no key \(name)"
            case .nameTaken(let name): "the vault has \(name) already"
            case .notPermitted(let step): "\(step.rawValue) of the vault is not permitted"
            case .storage(let step, let number): "\(step.rawValue) of the vault failed: \(systemMessage(number))"
            case .crypto(let error): "\(error)"
            default: summary(code)
            }
        return CommandFailure(code, detail)
    }
}
