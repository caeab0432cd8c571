// SPDX-License-Identifier: Apache-2.0

/// One metric with all its samples, as of now.
package struct MetricFamily: Hashable, Sendable {
    /// What kind of number it is.
    package enum Kind: String, Hashable, Sendable {
        /// Only grows while the process lives; samples end in `_total`.
        case counter
        /// Goes up and down.
        case gauge
        /// Always 1; the labels are what is told. Samples end in `_info`.
        case info
        /// How many of what was measured were at most so large; the values of samples are ``Distribution``s.
        case histogram
    }

    /// One number, or one distribution of numbers.
    package struct Sample: Hashable, Sendable {
        /// What was read.
        package enum Reading: Hashable, Sendable {
            /// A number.
            case number(Double)
            /// Many numbers, for histograms.
            case distribution(Distribution)
        }

        /// Names and values; few values for each name, and never an ID, a path or a key.
        package let labels: [Label]
        /// What was read.
        package let reading: Reading

        /// A number, for some labels.
        package init(_ value: Double, _ labels: [Label] = []) {
            reading = .number(value)
            self.labels = labels
        }

        /// A distribution, for some labels.
        package init(_ distribution: Distribution, _ labels: [Label] = []) {
            reading = .distribution(distribution)
            self.labels = labels
        }
    }

    /// One dimension of a sample.
    package struct Label: Hashable, Sendable {
        /// What is told apart.
        package let name: StaticName
        /// Which one it is.
        package let value: String

        /// Joins both.
        package init(_ name: StaticName, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A name that stands in the source, so that nobody from outside can choose one.
    package struct StaticName: Hashable, Sendable, ExpressibleByStringLiteral {
        let text: String

        /// Names have only `a-z 0-9 _` and no digit in front.
        package init(stringLiteral value: StaticString) {
            text = "\(value)"
            precondition(
                text.utf8.first.map { !(0x30...0x39).contains($0) } ?? false
                    && text.utf8.allSatisfy {
                        (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
                    }, "not the name of a metric")
        }
    }

    /// Without the prefix of the product and without what its kind adds; base units, such as `seconds`, at its end.
    package let name: StaticName
    /// What kind of number it is.
    package let kind: Kind
    /// What it is, in one sentence.
    package let help: String
    /// The numbers.
    package let samples: [Sample]

    /// A metric.
    package init(_ name: StaticName, _ kind: Kind, help: String, samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}
