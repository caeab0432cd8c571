// SPDX-License-Identifier: Apache-2.0
#include <secp256k1.h>

// The library declares its constant context as a mutable global, which Swift cannot read safely.
static inline const secp256k1_context *kelmark_secp256k1_verification_context(void) {
    return secp256k1_context_static;
}
