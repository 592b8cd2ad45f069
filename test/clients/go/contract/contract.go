// Package contract is what every client program shares: the spec it is given, the records it
// makes, the lines it prints. Record i is the same in every language, so that one client can check
// what another produced; the runner's own copy is test/clients/records.ts.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Part is a run of records that one producer sends with one compression.
type Part struct {
	Compression string `json:"compression"`
	StartIndex  int    `json:"startIndex"`
	EndIndex    int    `json:"endIndex"`
}

// Spec is the program's only argument, as JSON.
type Spec struct {
	Scenario         string `json:"scenario"`
	Bootstrap        string `json:"bootstrap"`
	Topic            string `json:"topic"`
	Partitions       int    `json:"partitions"`
	BaseTimestampMs  int64  `json:"baseTimestampMs"`
	Parts            []Part `json:"parts"`
	Count            int    `json:"count"`
	NullHeaders      bool   `json:"nullHeaders"`
	Name             string `json:"name"`
	Group            string `json:"group"`
	InstanceID       string `json:"instanceId"`
	Assignor         string `json:"assignor"`
	SessionTimeoutMs int    `json:"sessionTimeoutMs"`
}

// Header is one record header; a nil Value is a null.
type Header struct {
	Key   string
	Value []byte
}

var alphabet = strings.Repeat("abcdefghijklmnopqrstuvwxyz", 21)

// Key returns the key of record i, nil for a null key.
func Key(i int) []byte {
	// Two of the clients refuse a record with neither key nor value.
	if i%7 == 0 && i%13 != 0 {
		return nil
	}
	if i%11 == 0 {
		return []byte{}
	}
	return []byte("k" + strconv.Itoa(i%1000))
}

// Value returns the value of record i, nil for a null value.
func Value(i int) []byte {
	if i%13 == 0 {
		return nil
	}
	if i%17 == 0 {
		return []byte{}
	}
	start := i % 26
	return []byte(strconv.Itoa(i) + ":" + alphabet[start:start+(i*37)%500])
}

// Headers returns the headers of record i in order; not every client can send a null header value.
func Headers(i int, withNull bool) []Header {
	if i%3 == 0 {
		return nil
	}
	first := []Header{{"h", []byte(strconv.Itoa(i))}}
	if i%5 != 0 {
		return first
	}
	none := []byte("0")
	if withNull {
		none = nil
	}
	return append(first,
		Header{"h", []byte("again")},
		Header{"n", none},
		Header{"e", []byte{}},
		Header{"b", []byte{0xff, 0xfe, 0x80 | byte(i&0x7f)}},
	)
}

// Emit prints one result line.
func Emit(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// Check compares consumed records with the expected ones: record n of partition p is
// n*partitions + p.
type Check struct {
	spec     Spec
	seen     []int
	consumed int
	wrong    []string
}

// NewCheck returns a Check for the spec's topic.
func NewCheck(spec Spec) *Check {
	return &Check{spec: spec, seen: make([]int, spec.Partitions), wrong: []string{}}
}

// Done tells whether as many records as expected have come.
func (c *Check) Done() bool { return c.consumed >= c.spec.Count }

// Record checks the next record of a partition.
func (c *Check) Record(partition int, offset, timestampMs int64, key, value []byte, headers []Header) {
	i := c.seen[partition]*c.spec.Partitions + partition
	c.seen[partition]++
	c.consumed++
	where := fmt.Sprintf("partition %d offset %d record %d", partition, offset, i)
	if want := c.spec.BaseTimestampMs + int64(i); timestampMs != want {
		c.miss("%s: timestamp is %d, want %d", where, timestampMs, want)
	}
	if want := Key(i); !same(key, want) {
		c.miss("%s: key is %q, want %q", where, key, want)
	}
	if want := Value(i); !same(value, want) {
		c.miss("%s: value is %.80q, want %.80q", where, value, want)
	}
	want := Headers(i, c.spec.NullHeaders)
	ok := len(headers) == len(want)
	for n := 0; ok && n < len(want); n++ {
		ok = headers[n].Key == want[n].Key && same(headers[n].Value, want[n].Value)
	}
	if !ok {
		c.miss("%s: headers are %q, want %q", where, headers, want)
	}
}

// Report prints the outcome.
func (c *Check) Report() { Emit(map[string]any{"consumed": c.consumed, "wrong": c.wrong}) }

func (c *Check) miss(format string, args ...any) {
	if len(c.wrong) < 5 {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

func same(got, want []byte) bool {
	return (got == nil) == (want == nil) && bytes.Equal(got, want)
}

// WhenToldToStop is closed when the runner closes this process's standard input.
func WhenToldToStop() <-chan struct{} {
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(stop)
	}()
	return stop
}

// Run reads the spec and runs its scenario; an error ends the process with status 1.
func Run(scenarios map[string]func(Spec) error) {
	var spec Spec
	err := json.Unmarshal([]byte(os.Args[1]), &spec)
	if err == nil {
		if scenario, known := scenarios[spec.Scenario]; known {
			err = scenario(spec)
		} else {
			err = fmt.Errorf("no scenario %q", spec.Scenario)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
