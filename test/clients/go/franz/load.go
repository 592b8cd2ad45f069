package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"kopje/test/clients/contract"

	"github.com/twmb/franz-go/pkg/kgo"
)

// load sends numbered records to every partition, across restarts of the broker, until told to stop.
func load(spec contract.Spec) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(spec.Bootstrap),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DefaultProduceTopic(spec.Topic),
		kgo.MaxBufferedRecords(20_000),
		kgo.MetadataMinAge(100*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
	)
	if err != nil {
		return err
	}
	stop := contract.WhenToldToStop()
	var mu sync.Mutex
	var failure error
	acked := [][]int64{}
	report := func() error {
		mu.Lock()
		defer mu.Unlock()
		contract.Emit(map[string]any{"acked": acked})
		acked = acked[:0]
		return failure
	}
	n := 0
	for stopping := false; !stopping; {
		for range 5 {
			for partition := range spec.Partitions {
				number := int64(n)
				record := &kgo.Record{
					Partition: int32(partition),
					Value:     fmt.Appendf(nil, "%s:%d", spec.Name, number),
				}
				client.Produce(context.Background(), record, func(r *kgo.Record, err error) {
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						failure = err
					} else {
						acked = append(acked, []int64{int64(r.Partition), number, r.Offset})
					}
				})
			}
			n++
		}
		if err := report(); err != nil {
			return err
		}
		select {
		case <-stop:
			stopping = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := client.Flush(ctx); err != nil {
		return err
	}
	if err := report(); err != nil {
		return err
	}
	contract.Emit(map[string]any{"produced": n * spec.Partitions})
	return nil
}
