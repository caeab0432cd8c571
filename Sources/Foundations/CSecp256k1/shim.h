// SPDX-License-Identifier: Apache-2.0
#include <secp256k1.h>
