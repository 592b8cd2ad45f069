package main

import (
	"context"
	"fmt"
	"time"

	"kopje/test/clients/contract"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// step is one administrative action and the check of its outcome.
type step struct {
	name string
	run  func(ctx context.Context) error
}

// admin walks through the life of a topic and a group and checks each answer.
func admin(spec contract.Spec) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(spec.Bootstrap),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DefaultProduceTopic(spec.Topic),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	done := []string{}
	for _, s := range append(topicSteps(spec, client, adm), groupSteps(spec, adm)...) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err := s.run(ctx)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		done = append(done, s.name)
	}
	contract.Emit(map[string]any{"steps": done})
	return nil
}

func topicSteps(spec contract.Spec, client *kgo.Client, adm *kadm.Client) []step {
	t, base := spec.Topic, spec.BaseTimestampMs
	value := "86400000"
	return []step{
		{"describe cluster", func(ctx context.Context) error {
			m, err := adm.BrokerMetadata(ctx)
			if err == nil && (len(m.Brokers) == 0 || m.Cluster == "") {
				err = fmt.Errorf("brokers %v, cluster id %q", m.Brokers, m.Cluster)
			}
			return err
		}},
		{"create topic", func(ctx context.Context) error {
			r, err := adm.CreateTopic(ctx, 3, 1, map[string]*string{"retention.ms": &value}, t)
			return want(r.NumPartitions, 3, first(err, r.Err))
		}},
		{"create partitions", func(ctx context.Context) error {
			r, err := adm.UpdatePartitions(ctx, 4, t)
			return first(err, r.Error())
		}},
		{"describe topic", func(ctx context.Context) error {
			r, err := adm.ListTopics(ctx, t)
			return want(len(r[t].Partitions), 4, first(err, r.Error()))
		}},
		{"alter and describe configs", func(ctx context.Context) error {
			size := "1048576"
			r, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{
				{Op: kadm.SetConfig, Name: "segment.bytes", Value: &size},
				{Op: kadm.DeleteConfig, Name: "retention.ms"},
			}, t)
			if err == nil {
				_, err = r.On(t, nil)
			}
			if err != nil {
				return err
			}
			d, err := adm.DescribeTopicConfigs(ctx, t)
			if err != nil {
				return err
			}
			c, err := d.On(t, nil)
			if err != nil {
				return err
			}
			got := map[string]string{}
			for _, config := range c.Configs {
				got[config.Key] = config.MaybeValue() + " from " + config.Source.String()
			}
			return first(
				want(got["segment.bytes"], "1048576 from DYNAMIC_TOPIC_CONFIG", nil),
				want(got["retention.ms"], "604800000 from DEFAULT_CONFIG", nil),
			)
		}},
		{"produce", func(ctx context.Context) error {
			for i := 0; i < 40; i++ {
				r := &kgo.Record{Partition: int32(i % 4), Value: []byte{byte(i)}, Timestamp: time.UnixMilli(base + int64(i))}
				if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
					return err
				}
			}
			return nil
		}},
		{"list offsets by time", func(ctx context.Context) error {
			r, err := adm.ListOffsetsAfterMilli(ctx, base+22, t)
			o, _ := r.Lookup(t, 1)
			return want(fmt.Sprint(o.Offset, o.Timestamp-base), "6 25", first(err, r.Error()))
		}},
		{"delete records", func(ctx context.Context) error {
			before := kadm.Offsets{}
			before.AddOffset(t, 2, 7, -1)
			r, err := adm.DeleteRecords(ctx, before)
			return first(err, r.Error())
		}},
		{"list start and end offsets", func(ctx context.Context) error {
			starts, err := adm.ListStartOffsets(ctx, t)
			if err != nil {
				return err
			}
			ends, err := adm.ListEndOffsets(ctx, t)
			s, _ := starts.Lookup(t, 2)
			e, _ := ends.Lookup(t, 2)
			return want(fmt.Sprint(s.Offset, e.Offset), "7 10", err)
		}},
		{"describe log dirs", func(ctx context.Context) error {
			r, err := adm.DescribeAllLogDirs(ctx, nil)
			if err != nil {
				return err
			}
			for _, dirs := range r {
				if _, known := dirs.LookupPartition(t, 2); known {
					return dirs.Error()
				}
			}
			return fmt.Errorf("partition 2 is in no log dir: %v", r)
		}},
	}
}

func groupSteps(spec contract.Spec, adm *kadm.Client) []step {
	t, group := spec.Topic, spec.Topic+"-group"
	return []step{
		{"commit offsets", func(ctx context.Context) error {
			offsets := kadm.Offsets{}
			offsets.Add(kadm.Offset{Topic: t, Partition: 0, At: 5, LeaderEpoch: -1, Metadata: "note"})
			offsets.AddOffset(t, 1, 6, -1)
			return adm.CommitAllOffsets(ctx, group, offsets)
		}},
		{"list groups", func(ctx context.Context) error {
			r, err := adm.ListGroups(ctx)
			return want(r[group].State, "Empty", err)
		}},
		{"describe group", func(ctx context.Context) error {
			r, err := adm.DescribeGroups(ctx, group)
			return want(r[group].State, "Empty", first(err, r.Error()))
		}},
		{"fetch offsets", func(ctx context.Context) error {
			r, err := adm.FetchOffsets(ctx, group)
			o, _ := r.Lookup(t, 0)
			return want(fmt.Sprint(o.At, " ", o.Metadata), "5 note", first(err, r.Error()))
		}},
		{"delete offsets", func(ctx context.Context) error {
			only := kadm.TopicsSet{}
			only.Add(t, 1)
			if r, err := adm.DeleteOffsets(ctx, group, only); first(err, r.Error()) != nil {
				return first(err, r.Error())
			}
			r, err := adm.FetchOffsets(ctx, group)
			_, known := r.Lookup(t, 1)
			return want(known, false, err)
		}},
		{"delete group", func(ctx context.Context) error {
			r, err := adm.DeleteGroup(ctx, group)
			return first(err, r.Err)
		}},
		{"delete topic", func(ctx context.Context) error {
			r, err := adm.DeleteTopic(ctx, t)
			if first(err, r.Err) != nil {
				return first(err, r.Err)
			}
			// Kafka's brokers learn of a deletion some time after it was answered.
			for {
				left, err := adm.ListTopics(ctx)
				if err != nil || !left.Has(t) {
					return err
				}
			}
		}},
	}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func want[T comparable](got, wanted T, err error) error {
	if err == nil && got != wanted {
		err = fmt.Errorf("got %v, want %v", got, wanted)
	}
	return err
}
