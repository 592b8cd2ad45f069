// The franz-go client under the contract of the client tests.
package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"

	"kopje/test/clients/contract"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	contract.Run(map[string]func(contract.Spec) error{
		"produce": produce,
		"consume": consume,
		"member":  member,
		"admin":   admin,
		"load":    load,
	})
}

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func produce(spec contract.Spec) error {
	produced := 0
	for _, part := range spec.Parts {
		// Idempotent, acks=all and five requests in flight are this client's defaults.
		client, err := kgo.NewClient(
			kgo.SeedBrokers(spec.Bootstrap),
			kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.ProducerBatchCompression(codecs[part.Compression]),
			kgo.ProducerBatchMaxBytes(64<<10),
		)
		if err != nil {
			return err
		}
		var first error
		var once sync.Once
		for i := part.StartIndex; i < part.EndIndex; i++ {
			record := &kgo.Record{
				Topic:     spec.Topic,
				Partition: int32(i % spec.Partitions),
				Key:       contract.Key(i),
				Value:     contract.Value(i),
				Timestamp: time.UnixMilli(spec.BaseTimestampMs + int64(i)),
			}
			for _, h := range contract.Headers(i, spec.NullHeaders) {
				record.Headers = append(record.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
			}
			client.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
				if err != nil {
					once.Do(func() { first = err })
				}
			})
			produced++
		}
		// Not RecordDeliveryTimeout, which counts from the record's own (here: past) timestamp.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err = client.Flush(ctx)
		cancel()
		if err != nil {
			return err
		}
		client.Close()
		if first != nil {
			return first
		}
	}
	contract.Emit(map[string]any{"produced": produced})
	return nil
}

func consume(spec contract.Spec) error {
	offsets := map[int32]kgo.Offset{}
	for p := 0; p < spec.Partitions; p++ {
		offsets[int32(p)] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(spec.Bootstrap),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{spec.Topic: offsets}),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	check := contract.NewCheck(spec)
	for !check.Done() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		fetches := client.PollFetches(ctx)
		cancel()
		if err := fetches.Err(); errors.Is(err, context.DeadlineExceeded) {
			break
		} else if err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			headers := make([]contract.Header, len(r.Headers))
			for n, h := range r.Headers {
				headers[n] = contract.Header{Key: h.Key, Value: h.Value}
			}
			check.Record(int(r.Partition), r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value, headers)
		})
	}
	check.Report()
	return nil
}

var balancers = map[string]kgo.GroupBalancer{
	"range":              kgo.RangeBalancer(),
	"roundrobin":         kgo.RoundRobinBalancer(),
	"cooperative-sticky": kgo.CooperativeStickyBalancer(),
}

func member(spec contract.Spec) error {
	stop := contract.WhenToldToStop()
	var mu sync.Mutex
	owned := map[int32]bool{}
	emitOwned := func() {
		list := []int32{}
		for p := range owned {
			list = append(list, p)
		}
		sort.Slice(list, func(a, b int) bool { return list[a] < list[b] })
		contract.Emit(map[string]any{"assigned": list})
	}
	lost := func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range gone[spec.Topic] {
			delete(owned, p)
		}
		emitOwned()
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(spec.Bootstrap),
		kgo.ConsumerGroup(spec.Group),
		kgo.ConsumeTopics(spec.Topic),
		kgo.Balancers(balancers[spec.Assignor]),
		kgo.SessionTimeout(time.Duration(spec.SessionTimeoutMs) * time.Millisecond),
		kgo.HeartbeatInterval(time.Second),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			mu.Lock()
			defer mu.Unlock()
			for _, p := range added[spec.Topic] {
				owned[p] = true
			}
			emitOwned()
		}),
		kgo.OnPartitionsRevoked(lost),
		kgo.OnPartitionsLost(lost),
	}
	if spec.InstanceID != "" {
		options = append(options, kgo.InstanceID(spec.InstanceID))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	for stopping := false; !stopping; {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		fetches := client.PollFetches(ctx)
		cancel()
		seen := [][]int64{}
		fetches.EachRecord(func(r *kgo.Record) {
			seen = append(seen, []int64{int64(r.Partition), r.Offset, r.Offset + 1})
		})
		if len(seen) > 0 {
			contract.Emit(map[string]any{"seen": seen})
			if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
				// A rebalance may have taken the partitions since; their next owner reads them again.
				contract.Emit(map[string]any{"note": fmt.Sprint("commit: ", err)})
			}
		}
		select {
		case <-stop:
			stopping = true
		default:
		}
	}
	client.Close()
	contract.Emit(map[string]any{"closed": true})
	return nil
}
