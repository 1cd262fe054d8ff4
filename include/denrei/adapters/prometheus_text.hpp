// Metrics in Prometheus' text format 0.0.4, written by prometheus-cpp's serializer.
#pragma once
#include <string>
#include <vector>

#include "denrei/base/metrics.hpp"

namespace denrei {

[[nodiscard]] std::string prometheus_text(const std::vector<MetricFamily>& families);

}  // namespace denrei
