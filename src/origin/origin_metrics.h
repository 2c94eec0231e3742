// What origins cost, by name: ballast_origin_requests_total{origin,code}, ballast_origin_received_bytes_total{origin}.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace prometheus {
class Registry;
}

namespace ballast {

// For HttpOptions::on_answer of the origin `name`; thread-safe. Empty where `registry` is null. `registry` must outlive
// it.
std::function<void(int status, uint64_t body_bytes)> CountAnswers(prometheus::Registry* registry,
                                                                  const std::string& name);

}  // namespace ballast
