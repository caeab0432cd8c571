// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What the system lets this process have open at a time: files, and connections among them.
package enum OpenFiles {
    /// Most descriptors; 1024 where the system does not say. The process is made to have as many as it is allowed: the
    /// usual 1024 are for programs that can't count further, and would be three hundred workloads.
    package static var most: Int {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0 else { return 1024 }
        let present = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return Int(clamping: setrlimit(files, &limit) == 0 ? limit.rlim_cur : present)
    }
}
