// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Issuer
public import NodeAgent

// Settings of the services whose raw values are those of SPIRE's configuration, as they are typed.

extension AuthorityKeyAlgorithm: ExpressibleByArgument {}

extension BootstrapSource.BundleFormat: ExpressibleByArgument {}

extension SVIDKey.Kind: ExpressibleByArgument {}
