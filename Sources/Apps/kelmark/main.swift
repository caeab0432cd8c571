// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import KelmarkCLI

exit(await KelmarkCLI.main(Array(CommandLine.arguments.dropFirst())))
