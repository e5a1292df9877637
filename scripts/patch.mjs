// placeholder until libs/kafka brings the KafkaJS patch
