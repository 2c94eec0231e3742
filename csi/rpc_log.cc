#include "csi/rpc_log.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/support/server_interceptor.h>

#include <chrono>
#include <vector>

#include "base/logging.h"
#include "base/status.h"
#include "base/strings.h"
#include "csi/proto/csi.pb.h"

namespace ballast::driver {
namespace {

namespace pb = google::protobuf;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

constexpr const char* kStripped = "***stripped***";

// The kubelet puts service account tokens into the volume context, which is not marked secret.
bool IsTokenKey(const std::string& key) { return ToLower(key).find("token") != std::string::npos; }

void StripString(pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) return reflection.SetString(&message, &field, kStripped);
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    reflection.SetRepeatedString(&message, &field, i, kStripped);
  }
}

void StripEntry(pb::Message& entry, bool secret) {
  const pb::FieldDescriptor* key = entry.GetDescriptor()->map_key();
  const pb::FieldDescriptor* value = entry.GetDescriptor()->map_value();
  if (key->cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING ||
      value->cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING)
    return;
  if (secret || IsTokenKey(entry.GetReflection()->GetString(entry, key))) StripString(entry, *value);
}

void Strip(pb::Message& message);

void StripNested(pb::Message& message, const pb::FieldDescriptor& field, bool secret) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) return Strip(*reflection.MutableMessage(&message, &field));
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    pb::Message& element = *reflection.MutableRepeatedMessage(&message, &field, i);
    field.is_map() ? StripEntry(element, secret) : Strip(element);
  }
}

void Strip(pb::Message& message) {
  std::vector<const pb::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    const bool secret = field->options().GetExtension(csi::v1::csi_secret);
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      StripNested(message, *field, secret);
    } else if (secret && field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
      StripString(message, *field);
    }
  }
}

// Questions come all the time (the kubelet asks for each volume's statistics every minute): a line for each would fill
// the node's disk with nothing.
bool IsQuestion(std::string_view method) {
  return method == "Probe" || method.starts_with("Get") || method.starts_with("NodeGet");
}

class RpcLog final : public grpc::experimental::Interceptor {
 public:
  explicit RpcLog(std::string method) : method_(std::move(method)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE)) {
      // All services here are unary with generated messages.
      const auto* request = static_cast<const pb::Message*>(methods->GetRecvMessage());
      if (request != nullptr) request_ = WithoutSecrets(*request);
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) Write(methods->GetSendStatus());
    methods->Proceed();
  }

 private:
  void Write(const grpc::Status& status) {
    const std::string code(StatusCodeName(static_cast<StatusCode>(status.error_code())));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
    Message line("Call");
    line.With("method", method_).With("code", code).With("took", FormatDuration(took)).With("request", request_);
    if (!status.ok()) {
      LOG(WARNING) << line.With("error", status.error_message());
    } else if (IsQuestion(method_)) {
      VLOG(1) << line;
    } else {
      LOG(INFO) << line;
    }
  }

  const std::string method_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::string request_;
};

class RpcLogFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    const std::string_view path = info->method();
    return new RpcLog(std::string(path.substr(path.rfind('/') + 1)));  // gRPC owns it
  }
};

}  // namespace

std::string WithoutSecrets(const pb::Message& message, size_t limit) {
  const std::unique_ptr<pb::Message> copy(message.New());
  copy->CopyFrom(message);
  Strip(*copy);
  pb::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  if (!printer.PrintToString(*copy, &text)) return "(unprintable)";
  if (text.size() > limit) text = text.substr(0, limit) + "...";
  return std::string(Trim(text));
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcLog() {
  return std::make_unique<RpcLogFactory>();
}

}  // namespace ballast::driver
