// Package suite names the module whose tests are run; it has no code of its own.
package suite

import _ "github.com/segmentio/kafka-go"
