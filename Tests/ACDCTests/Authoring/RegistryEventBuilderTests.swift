// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import Testing

@Suite("Writing registry events")
struct RegistryEventBuilderTests {
    /// The events of the public vectors (facts 19), written again from their values.
    @Test("events are byte for byte those of keripy")
    func vectors() throws {
        let issuer = try #require(AID("EKjQYBwDojPeto8uR9IbTscuiMcXGf59DFVDMc4IMwtG"))
        let nonce = try Primitive(text: "AHB1YmxpYy1rZXJpLXZlYzFwdWJsaWMta2VyaS12ZWMx")
        let inception = try RegistryEventBuilder.inception(issuer: issuer, nonce: nonce)
        #expect(
            String(decoding: inception.bytes, as: UTF8.self) == """
                {"v":"KERI10JSON000113_","t":"vcp","d":"EAvVL26C4a1LkVzDvhzfHrH4a730ITwaA_Ie4Rc-oM3I",\
                "i":"EAvVL26C4a1LkVzDvhzfHrH4a730ITwaA_Ie4Rc-oM3I","ii":"EKjQYBwDojPeto8uR9IbTscuiMcXGf59DFVDMc4IMwtG",\
                "s":"0","c":["NB"],"bt":"0","b":[],"n":"AHB1YmxpYy1rZXJpLXZlYzFwdWJsaWMta2VyaS12ZWMx"}
                """)
        let credential = try #require(SAID("EHvsoYMpIkSanuL3lo14O4V4MUb1UU6ETMYoNMr7mpKQ"))
        let dated = try #require(Timestamp("2024-02-03T00:00:00.000000+00:00"))
        let state = RegistryState(
            registry: inception.said, issuer: issuer, sn: inception.sn, event: inception.said, isBackerless: true,
            backers: [], backerThreshold: 0, anchor: SealSource(sn: .zero, said: inception.said))
        let issuance = try RegistryEventBuilder.issuance(of: credential, in: state, dated: dated)
        #expect(issuance.said.text == "EEE7cG83WqPZgJfCqJq5-FYMnuU_CBTgJ4qRt7qY2UOA")
        #expect(issuance.seal.aid.text == credential.text)
    }
}
