# SPDX-License-Identifier: Apache-2.0
"""One witness of keripy in a process of its own, made the first time and found again later.

usage: KERI_HEAD=FOLDER keripy_witness.py NAME TCP-PORT HTTP-PORT      with scripts/keri/cf[/main]/NAME.json below the folder
"""
import sys

import keripy_loopback  # noqa: F401
from keri.app import configing, directing, habbing, indirecting


def main():
    name, tcp, http_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    settings = configing.Configer(name=name, headDirPath="scripts", temp=False, reopen=True, clear=False)
    habery = habbing.Habery(name=name, temp=False, cf=settings)
    doers = [habbing.HaberyDoer(habery=habery)]
    doers += indirecting.setupWitness(alias=name, hby=habery, tcpPort=tcp, httpPort=http_port)
    directing.runController(doers=doers, expire=0.0)


main()
