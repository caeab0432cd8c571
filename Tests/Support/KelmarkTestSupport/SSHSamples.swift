// SPDX-License-Identifier: Apache-2.0

/// Host keys and their certificates, made by `ssh-keygen` of OpenSSH 9.2 for these tests and used nowhere else. The
/// certificates are for `web1.example.org`, from 2026 to 2036.
package enum SSHSamples {
    /// A private key as it stands in a file, and the line of its certificate.
    package struct Host: Sendable {
        package let key: [UInt8]
        package let certificate: [UInt8]
    }

    /// The authority that signed the certificates.
    package static let authority = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAY7ExaXALqTnZXjW9QcqxB6rqA0Pcx8j4GUyBVoBcDh ca"

    /// One for each kind of key.
    package static let hosts: [String: Host] = [
        "ed25519": host(
            """
            -----BEGIN OPENSSH PRIVATE KEY-----
            b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
            QyNTUxOQAAACC7KyJK8na49xWjg89G+ryWgfv91y2Po0i7ZSFZO++pxAAAAIh1fam8dX2p
            vAAAAAtzc2gtZWQyNTUxOQAAACC7KyJK8na49xWjg89G+ryWgfv91y2Po0i7ZSFZO++pxA
            AAAECrFQqwYjn0ja9q4MskL1YKZJAXtd7p4GXS0aOiYSbOY7srIkrydrj3FaODz0b6vJaB
            +/3XLY+jSLtlIVk776nEAAAABG5vZGUB
            -----END OPENSSH PRIVATE KEY-----
            """,
            """
            ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIF6V1\
            BONVqNyhAHmyGkt1p1IjdxfVD7NDMjx7/xE4qp6AAAAILsrIkrydrj3FaODz0b6vJaB+/3XLY+jSLtlIVk776nEAAA\
            AAAAAAAAAAAACAAAABG5vZGUAAAAUAAAAEHdlYjEuZXhhbXBsZS5vcmcAAAAAaVW5AAAAAAB+BZKAAAAAAAAAAAAAA\
            AAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACAGOxMWlwC6k52V41vUHKsQeq6gND3MfI+BlMgVaAXA4QAAAFMAAAALc3N\
            oLWVkMjU1MTkAAABA/+pWAmIk0bCXeGal+ekLG8adq7z3X553Upj5sx4Bk9TfViQsFS3WLZOLSnqzxev5q/zdV6ZDT\
            SaJZZ4OTLZwAQ== node
            """),
        "p256": host(
            """
            -----BEGIN OPENSSH PRIVATE KEY-----
            b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
            1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQTLFU8hp0Ton96ui2WmHDoVFVYxRpxM
            eZVQl6xJKsSKht+4xanqcd4ysvhkfqo0GAD4/+18LrNw6bcv9blrkj11AAAAoI50iOSOdI
            jkAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMsVTyGnROif3q6L
            ZaYcOhUVVjFGnEx5lVCXrEkqxIqG37jFqepx3jKy+GR+qjQYAPj/7Xwus3Dpty/1uWuSPX
            UAAAAhAO5gCM13Bn/2YeLSodnCKyDO06syMnLXfadx/+pSsoHDAAAABG5vZGUBAgM=
            -----END OPENSSH PRIVATE KEY-----
            """,
            """
            ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3Blb\
            nNzaC5jb20AAAAgJMCO4Y2I47HSJhNwqWHnvRreJf3/tMQXOl8jwPLFaJUAAAAIbmlzdHAyNTYAAABBBMsVTyGnROi\
            f3q6LZaYcOhUVVjFGnEx5lVCXrEkqxIqG37jFqepx3jKy+GR+qjQYAPj/7Xwus3Dpty/1uWuSPXUAAAAAAAAAAAAAA\
            AIAAAAEbm9kZQAAABQAAAAQd2ViMS5leGFtcGxlLm9yZwAAAABpVbkAAAAAAH4FkoAAAAAAAAAAAAAAAAAAAAAzAAA\
            AC3NzaC1lZDI1NTE5AAAAIAY7ExaXALqTnZXjW9QcqxB6rqA0Pcx8j4GUyBVoBcDhAAAAUwAAAAtzc2gtZWQyNTUxO\
            QAAAEASJtx9LPKNCnyHbRVp2CVm45BFCjKbZm0L4h6n5TvdKHYx6t7bImLb96yo3+4NcGye9kd5IS6VzjQdzVtkHu8\
            O node
            """),
        "p384": host(
            """
            -----BEGIN OPENSSH PRIVATE KEY-----
            b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAiAAAABNlY2RzYS
            1zaGEyLW5pc3RwMzg0AAAACG5pc3RwMzg0AAAAYQSqyeO4LbsY2NP0U32uwIlKvkf4l82R
            3kv5kExhiRLlCQ7bURqMmOjEHQxuI2YD1AXJXS23/OLc8101cQddaCOlCL8wV+4/1gh/QM
            lUpBtSs2Gu5PcmPMAS8FrDiuOE+WQAAADQkxhLKZMYSykAAAATZWNkc2Etc2hhMi1uaXN0
            cDM4NAAAAAhuaXN0cDM4NAAAAGEEqsnjuC27GNjT9FN9rsCJSr5H+JfNkd5L+ZBMYYkS5Q
            kO21EajJjoxB0MbiNmA9QFyV0tt/zi3PNdNXEHXWgjpQi/MFfuP9YIf0DJVKQbUrNhruT3
            JjzAEvBaw4rjhPlkAAAAMCd2UVqVxlhEQrzrErTa9xTzfhyEpV3blA6uLFachDO0dmXGvk
            uZcD/sXd5B5peLFQAAAARub2RlAQIDBA==
            -----END OPENSSH PRIVATE KEY-----
            """,
            """
            ecdsa-sha2-nistp384-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAzODQtY2VydC12MDFAb3Blb\
            nNzaC5jb20AAAAgfAQkBwUq8oM0XC2YDiRprvbRkZsINz4TkxFZY7qB0+EAAAAIbmlzdHAzODQAAABhBKrJ47gtuxj\
            Y0/RTfa7AiUq+R/iXzZHeS/mQTGGJEuUJDttRGoyY6MQdDG4jZgPUBcldLbf84tzzXTVxB11oI6UIvzBX7j/WCH9Ay\
            VSkG1KzYa7k9yY8wBLwWsOK44T5ZAAAAAAAAAAAAAAAAgAAAARub2RlAAAAFAAAABB3ZWIxLmV4YW1wbGUub3JnAAA\
            AAGlVuQAAAAAAfgWSgAAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgBjsTFpcAupOdleNb1ByrEHquo\
            DQ9zHyPgZTIFWgFwOEAAABTAAAAC3NzaC1lZDI1NTE5AAAAQHLoErYc0Mib3Ml2cKx8Suz+DnBj0WzAceXroR5GTUN\
            Eq/XAZ7LVr3mQNijWxhj7EfpNCsO+cU1GMUd4qf0EtQo= node
            """),
        "p521": host(
            """
            -----BEGIN OPENSSH PRIVATE KEY-----
            b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAArAAAABNlY2RzYS
            1zaGEyLW5pc3RwNTIxAAAACG5pc3RwNTIxAAAAhQQADtteTkLicrL3z+mJJpU5Y6RQkolq
            3uvFYDm9n2yOX5mNZMgA79FgZQZeCZFPhUrY2BqDthpU+UniQpsVw1pEokwABUiRq63mey
            w4i8B/J9OW9cS03JN0Gk0pLO19ZclO4nRfcUY8j4B/QXArSYS+tI92jejc1eVS/w9xjlJj
            /nqmVisAAAEI+oq5ivqKuYoAAAATZWNkc2Etc2hhMi1uaXN0cDUyMQAAAAhuaXN0cDUyMQ
            AAAIUEAA7bXk5C4nKy98/piSaVOWOkUJKJat7rxWA5vZ9sjl+ZjWTIAO/RYGUGXgmRT4VK
            2Ngag7YaVPlJ4kKbFcNaRKJMAAVIkaut5nssOIvAfyfTlvXEtNyTdBpNKSztfWXJTuJ0X3
            FGPI+Af0FwK0mEvrSPdo3o3NXlUv8PcY5SY/56plYrAAAAQgHNOlDIlZh3S588kgnkT0WN
            fVLvVBLFxGPzeOE230ldrAgrbTXgDgpTov0FOxLV12lLHDbNtGawHeVjbatZ/fzw3gAAAA
            Rub2RlAQIDBAUG
            -----END OPENSSH PRIVATE KEY-----
            """,
            """
            ecdsa-sha2-nistp521-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHA1MjEtY2VydC12MDFAb3Blb\
            nNzaC5jb20AAAAg5+LFGGa+m/x6Rfugv459KKgmyQ+S2tFqgfzZJRixU14AAAAIbmlzdHA1MjEAAACFBAAO215OQuJ\
            ysvfP6YkmlTljpFCSiWre68VgOb2fbI5fmY1kyADv0WBlBl4JkU+FStjYGoO2GlT5SeJCmxXDWkSiTAAFSJGrreZ7L\
            DiLwH8n05b1xLTck3QaTSks7X1lyU7idF9xRjyPgH9BcCtJhL60j3aN6NzV5VL/D3GOUmP+eqZWKwAAAAAAAAAAAAA\
            AAgAAAARub2RlAAAAFAAAABB3ZWIxLmV4YW1wbGUub3JnAAAAAGlVuQAAAAAAfgWSgAAAAAAAAAAAAAAAAAAAADMAA\
            AALc3NoLWVkMjU1MTkAAAAgBjsTFpcAupOdleNb1ByrEHquoDQ9zHyPgZTIFWgFwOEAAABTAAAAC3NzaC1lZDI1NTE\
            5AAAAQDdHU7f2We/2ZLKruHrRdJDmN1hPZH2hDAwqWTD6UQ7KsG81XIJwCjqJ9O09EYfunZ1PrydlV1UXizU7Avy1o\
            wE= node
            """),
        "rsa": host(
            """
            -----BEGIN OPENSSH PRIVATE KEY-----
            b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn
            NhAAAAAwEAAQAAAQEA1Z4573fUV0F30miTDfXbtKZuVAOkzegRKJQ/gfimKvlDZjJSNlN3
            28oBoJ0ptTbhFtFKTP5gkx4FlSt7Fh0HUZiBIBZSMv4bpEJ/PsMVUY/63EJ3SpZYroR1K+
            eOAFkgLq8iab7qTepN/MHdRSma1A8ajvDFVcpxBupIheRcvM31uZBxsAUQWg7TMEuC5qF1
            D6J+vBZXf+WtjJMWdg3owMZ7XlguJHiDBXw3SPcMgxYdJSEOwWOXdlf25bvzN+h/5hG1e+
            0Z28ycWo1E3K2iOcZrQRCpZIg54lE+8IudehpMvWuKO2qmWmHw6BVyKCXDbnueMwtA9dlK
            j25DtmA4OwAAA8AuA/NmLgPzZgAAAAdzc2gtcnNhAAABAQDVnjnvd9RXQXfSaJMN9du0pm
            5UA6TN6BEolD+B+KYq+UNmMlI2U3fbygGgnSm1NuEW0UpM/mCTHgWVK3sWHQdRmIEgFlIy
            /hukQn8+wxVRj/rcQndKlliuhHUr544AWSAuryJpvupN6k38wd1FKZrUDxqO8MVVynEG6k
            iF5Fy8zfW5kHGwBRBaDtMwS4LmoXUPon68Fld/5a2MkxZ2DejAxnteWC4keIMFfDdI9wyD
            Fh0lIQ7BY5d2V/blu/M36H/mEbV77RnbzJxajUTcraI5xmtBEKlkiDniUT7wi516Gky9a4
            o7aqZaYfDoFXIoJcNue54zC0D12UqPbkO2YDg7AAAAAwEAAQAAAQATirQAxNTiCT/YOcTU
            zscDPFkfdRiLKvhW3qj9+iyJWzWKkH6WMFs9+g7dY0NA1qe6Gfn9bSU8kCSGmZcFq4Yois
            D/7yAklhEanRKy6nnKylcdSzSf2CfTXz6w04VZYXiLjMNN1S9DYsnbnjM1yTE8G7LxnJ5m
            KMI06xMosdQMrsfyc18mwbosF36qvG8NSSPnn2v8GAKQ8ZKLvOsmlO9nX2VmSHWNX17u4T
            XxiFR8Dglgmy3m5+0DXwvCjt3bUjBMWlDr7TBHPc4LnZFxtFX3N7uDHTUSC1cSClu7uU0N
            tm1yZAHj3L4X1wJJxQW3pQHjp7FrFz6zpD1WOfHwA2TxAAAAgGU/QZPdt1nIdIkI3Hh8IQ
            X2uuRKdfgpOMi3Qlkcgqhju1jKJ+u69NuqE/s+TdKP+AmT5IS9MTaBgJBPqe6I/U4qPufo
            wxxOfkG0+onTj7bApsKPVTEPFFxmsA3Usn8T7UEoinOGc0SqStxp6h3XKwLX7DPbaBpPb1
            79K5NP73jUAAAAgQDv5OMlu9U4C3vqftCvcThb+POQ5FdxLFIae9cpMmR5oPYOWah8T6Mp
            rcRNnX8MC6IpmomZ7gGPBrPg/chuJdAX+lGMk3PUz8zor5QhgcWrkzyWVtQxSBXyewCqr4
            BOgESbhqtNHF8rKBgKGxn4eIN6BSplYw//oQG2I41hhHgfdwAAAIEA4/W6Ljqwh/thWD50
            zNaAeaSlfrOQnQNELKwKzFmMioZCfKkAYEDaZyqtmec1XF5olsUREobmjGFZJEUnDhnOzr
            9fmolOIlPm4YYY1UYbPvI+cxFRjhc/ebO3Cj6b22pMxoAaqkSJa1gaKFq/NHvZyb0rUMa6
            32WgK6T8D+oABl0AAAAEbm9kZQECAwQFBgc=
            -----END OPENSSH PRIVATE KEY-----
            """,
            """
            ssh-rsa-cert-v01@openssh.com AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAggYvzyViWbP9GN\
            yHuCRkxCn8U5/+7gi8OARzMLhJP0fQAAAADAQABAAABAQDVnjnvd9RXQXfSaJMN9du0pm5UA6TN6BEolD+B+KYq+UN\
            mMlI2U3fbygGgnSm1NuEW0UpM/mCTHgWVK3sWHQdRmIEgFlIy/hukQn8+wxVRj/rcQndKlliuhHUr544AWSAuryJpv\
            upN6k38wd1FKZrUDxqO8MVVynEG6kiF5Fy8zfW5kHGwBRBaDtMwS4LmoXUPon68Fld/5a2MkxZ2DejAxnteWC4keIM\
            FfDdI9wyDFh0lIQ7BY5d2V/blu/M36H/mEbV77RnbzJxajUTcraI5xmtBEKlkiDniUT7wi516Gky9a4o7aqZaYfDoF\
            XIoJcNue54zC0D12UqPbkO2YDg7AAAAAAAAAAAAAAACAAAABG5vZGUAAAAUAAAAEHdlYjEuZXhhbXBsZS5vcmcAAAA\
            AaVW5AAAAAAB+BZKAAAAAAAAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACAGOxMWlwC6k52V41vUHKsQeq6gN\
            D3MfI+BlMgVaAXA4QAAAFMAAAALc3NoLWVkMjU1MTkAAABAjJoHM2pbgGcCof1gElUq2WAFxK4JkYfLOt2RtWPcMdr\
            A5RNIC1dc9vxuEX4zbSwWpnwsx3PtnhGFTNs3ZJR3AA== node
            """),
    ]

    /// A key that a passphrase seals.
    package static let sealed = Array(
        """
        -----BEGIN OPENSSH PRIVATE KEY-----
        b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBLJxfIuQ
        nrD28T93laYiwYAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIA0JdrITLWtHF5dH
        uOvw1oXypkAwYYT6Zy75kw1qDZTtAAAAkDBF2rPD0wKnVgCZMt6tcx5URkHNGXl0QIy9Ya
        re/JO4qZUIGHEHgsBbIdLKvQYdB4w5Z6AV40ZHDpxC/eoao/OKnbIJD67B3w81tv8caT0I
        NiuuaZqH9sAd54qAhrrTTp3ia8VeE9hs1UgedFlBc1RaJ+UT/v41F1APtbU+y88Dv36lH/
        sCarp4uT5DoG9dWw==
        -----END OPENSSH PRIVATE KEY-----
        """.utf8)

    private static func host(_ key: String, _ certificate: String) -> Host {
        Host(key: Array((key + "\n").utf8), certificate: Array((certificate + "\n").utf8))
    }
}
