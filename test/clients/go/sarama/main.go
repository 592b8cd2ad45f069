// The sarama client under the contract of the client tests.
package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kopje/test/clients/contract"

	"github.com/IBM/sarama"
)

func main() {
	contract.Run(map[string]func(contract.Spec) error{
		"produce": produce,
		"consume": consume,
		"member":  member,
	})
}

var codecs = map[string]sarama.CompressionCodec{
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

func newConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	return config
}

func encoder(b []byte) sarama.Encoder {
	if b == nil {
		return nil
	}
	return sarama.ByteEncoder(b)
}

func produce(spec contract.Spec) error {
	produced := 0
	for _, part := range spec.Parts {
		config := newConfig()
		config.Producer.Idempotent = true
		config.Producer.RequiredAcks = sarama.WaitForAll
		config.Net.MaxOpenRequests = 1 // sarama refuses more for an idempotent producer
		config.Producer.Retry.Max = 100
		config.Producer.Partitioner = sarama.NewManualPartitioner
		config.Producer.Compression = codecs[part.Compression]
		config.Producer.Flush.MaxMessages = 500
		config.Producer.Return.Successes = true
		producer, err := sarama.NewAsyncProducer([]string{spec.Bootstrap}, config)
		if err != nil {
			return err
		}
		go func() {
			for i := part.StartIndex; i < part.EndIndex; i++ {
				message := &sarama.ProducerMessage{
					Topic:     spec.Topic,
					Partition: int32(i % spec.Partitions),
					Key:       encoder(contract.Key(i)),
					Value:     encoder(contract.Value(i)),
					Timestamp: time.UnixMilli(spec.BaseTimestampMs + int64(i)),
				}
				for _, h := range contract.Headers(i, spec.NullHeaders) {
					message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
				}
				producer.Input() <- message
			}
		}()
		for i := part.StartIndex; i < part.EndIndex; i++ {
			select {
			case <-producer.Successes():
				produced++
			case failure := <-producer.Errors():
				return failure
			}
		}
		if err := producer.Close(); err != nil {
			return err
		}
	}
	contract.Emit(map[string]any{"produced": produced})
	return nil
}

func consume(spec contract.Spec) error {
	consumer, err := sarama.NewConsumer([]string{spec.Bootstrap}, newConfig())
	if err != nil {
		return err
	}
	messages := make(chan *sarama.ConsumerMessage)
	for p := 0; p < spec.Partitions; p++ {
		partition, err := consumer.ConsumePartition(spec.Topic, int32(p), sarama.OffsetOldest)
		if err != nil {
			return err
		}
		go func() {
			for message := range partition.Messages() {
				messages <- message
			}
		}()
	}
	check := contract.NewCheck(spec)
	for !check.Done() {
		select {
		case m := <-messages:
			headers := make([]contract.Header, len(m.Headers))
			for n, h := range m.Headers {
				headers[n] = contract.Header{Key: string(h.Key), Value: h.Value}
			}
			check.Record(int(m.Partition), m.Offset, m.Timestamp.UnixMilli(), m.Key, m.Value, headers)
			continue
		case <-time.After(20 * time.Second):
		}
		break
	}
	check.Report()
	return nil
}

var strategies = map[string]sarama.BalanceStrategy{
	"range":      sarama.NewBalanceStrategyRange(),
	"roundrobin": sarama.NewBalanceStrategyRoundRobin(),
	"sticky":     sarama.NewBalanceStrategySticky(),
}

// handler prints what it is assigned and what it reads.
type handler struct {
	topic string
	emit  sync.Mutex
}

func (h *handler) Setup(session sarama.ConsumerGroupSession) error {
	h.line(map[string]any{"assigned": append([]int32{}, session.Claims()[h.topic]...)})
	return nil
}

func (h *handler) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	return nil
}

func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case m, open := <-claim.Messages():
			if !open {
				return nil
			}
			h.line(map[string]any{"seen": [][]int64{{int64(m.Partition), m.Offset, m.Offset + 1}}})
			session.MarkMessage(m, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

func (h *handler) line(line map[string]any) {
	h.emit.Lock()
	defer h.emit.Unlock()
	contract.Emit(line)
}

func member(spec contract.Spec) error {
	ctx, cancel := context.WithCancel(context.Background())
	stop := contract.WhenToldToStop()
	go func() { <-stop; cancel() }()
	config := newConfig()
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategies[spec.Assignor]}
	config.Consumer.Group.Session.Timeout = time.Duration(spec.SessionTimeoutMs) * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = time.Second
	config.Consumer.Group.InstanceId = spec.InstanceID
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Interval = 100 * time.Millisecond
	group, err := sarama.NewConsumerGroup([]string{spec.Bootstrap}, spec.Group, config)
	if err != nil {
		return err
	}
	h := &handler{topic: spec.Topic}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{spec.Topic}, h); err != nil && !errors.Is(err, context.Canceled) {
			h.line(map[string]any{"note": fmt.Sprint("consume: ", err)})
		}
	}
	if err := group.Close(); err != nil {
		return err
	}
	contract.Emit(map[string]any{"closed": true})
	return nil
}
